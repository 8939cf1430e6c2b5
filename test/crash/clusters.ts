/** Actions of the crash test's clients on whole clusters: create, move and delete. */
import assert from "node:assert/strict";
import { smallTemplate } from "../support/compute.ts";
import type { RunningServer } from "../support/server-process.ts";
import { base64 } from "../support/test-app.ts";
import type { Ledger } from "./ledger.ts";
import { cut, cyclesOf, withDirectCycle } from "./lineage.ts";
import { takeListing } from "./listing.ts";
import type { ClusterModel, HostKind, Lineage, TaskModel } from "./model.ts";
import { follow, keepOutcome } from "./tasks.ts";

/** Training steps that a software GPU gets at a time; each takes it tens of milliseconds. */
export const gpuStepsMax = 24;

export async function createCluster(ledger: Ledger, server: RunningServer): Promise<void> {
  const { random, checkpoints } = ledger;
  const name = ledger.newName();
  const checkpoint =
    checkpoints.size > 0 && random.int(0, 3) === 0 ? random.pick([...checkpoints.values()]) : undefined;
  const seed = random.int(0, 1000);
  const lineage: Lineage = checkpoint?.lineage ?? { seed, steps: [], isExact: true };
  const host = ledger.firstHost;
  const origin =
    checkpoint === undefined ? { template: base64(smallTemplate), seed } : { checkpoint_uuid: checkpoint.uuid };
  const note = (uuid: string) => {
    ledger.firstHost = "cpu";
    const fresh = { host, mode: "TASK", durableCycles: 0, isAsking: false } as const;
    ledger.clusters.set(uuid, { uuid, name, lineage, tasks: new Map(), ...fresh });
  };
  await ledger.attempt(checkpoint === undefined ? "cluster created" : "cluster created from checkpoint", {
    ask: () => server.ask<{ uuid: string }>("POST", "/cluster", { name, host_uuid: ledger.hosts.get(host), ...origin }),
    note: ({ uuid }) => note(uuid),
    settle: async (next) => {
      for (const [uuid, row] of (await takeListing(next)).clusters) if (row["name"] === name) note(uuid);
    },
  });
}

export async function deleteCluster(ledger: Ledger, server: RunningServer, cluster: ClusterModel): Promise<void> {
  const { uuid } = cluster;
  const forget = async (next: RunningServer) => {
    // The results of finished tasks stay.
    const listing = await takeListing(next);
    for (const task of cluster.tasks.values()) if (!task.isOver) await keepOutcome(ledger, next, { listing, task });
    ledger.clusters.delete(uuid);
  };
  await ledger.attempt("cluster deleted", {
    ask: () => server.ask("DELETE", `/cluster?uuid=${uuid}`),
    note: () => undefined,
    settle: async (next) => {
      if (!(await takeListing(next)).clusters.has(uuid)) await forget(next);
    },
  });
  // The outcome of its last tasks must be requested; if the server dies before, it is requested again.
  await ledger.insist(server, forget);
}

interface ClusterBody {
  host_uuid: string;
  mode: "TASK" | "DIRECT";
  number_of_cycles: number;
}

export const getCluster = (server: RunningServer, uuid: string) =>
  server.ask<ClusterBody>("GET", `/cluster?uuid=${uuid}`);

/** Number of queued steps. */
function queuedSteps({ tasks }: ClusterModel): number {
  const open = [...tasks.values()].filter((task) => !task.isOver);
  return open.reduce((sum, task) => sum + (task.kind === "train" ? task.steps : 0), 0);
}

/** Moves a cluster to the other host, even while it works. */
export async function moveCluster(ledger: Ledger, server: RunningServer, cluster: ClusterModel): Promise<void> {
  await follow(ledger, server, cluster);
  const target: HostKind = cluster.host === "cpu" ? "gpu" : "cpu";
  if (target === "gpu" && queuedSteps(cluster) > gpuStepsMax) return;
  if (queuedSteps(cluster) > 0) {
    cluster.lineage = { ...cluster.lineage, isExact: false };
    for (const task of cluster.tasks.values()) {
      if (!task.isOver && "lineage" in task) task.lineage = { ...task.lineage, isExact: false };
    }
  }
  const host_uuid = ledger.hosts.get(target) as string;
  await ledger.attempt(`cluster moved to ${target}`, {
    ask: () => server.ask("PUT", "/cluster/switch_host", { cluster_uuid: cluster.uuid, host_uuid }),
    note: () => {
      cluster.host = target;
    },
    settle: async (next) => {
      if ((await getCluster(next, cluster.uuid)).host_uuid === host_uuid) cluster.host = target;
    },
  });
}

/**
 * After a restart: hosts are unchanged, and a network has learned every acknowledged cycle exactly once. Direct IO ends
 * at some cycle between the last durable one and the last one that was sent.
 */
export async function checkCluster(ledger: Ledger, server: RunningServer, cluster: ClusterModel): Promise<void> {
  const { base } = ledger;
  const { uuid, tasks, mode } = cluster;
  if ([...tasks.values()].some((task: TaskModel) => !task.isOver)) return;
  const body = await getCluster(server, uuid);
  assert.equal(body.host_uuid, ledger.hosts.get(cluster.host));
  assert.equal(body.mode, mode);
  const acknowledged = cyclesOf(base, cluster.lineage);
  const cycles = body.number_of_cycles;
  if (mode === "TASK") {
    assert.equal(cycles, acknowledged);
    return;
  }
  assert(cycles >= cluster.durableCycles, `${cycles} of ${cluster.durableCycles} durable cycles`);
  assert(cycles <= acknowledged + (cluster.isAsking ? 1 : 0), `${cycles} of ${acknowledged} cycles`);
  settleDirect(ledger, cluster, cycles);
}

/** Records that the network in DIRECT mode has this many cycles on disk. */
export function settleDirect(ledger: Ledger, cluster: ClusterModel, cycles: number): void {
  const { lineage, host, isAsking } = cluster;
  const longest = isAsking && cycles > cyclesOf(ledger.base, lineage) ? withDirectCycle(lineage, host) : lineage;
  cluster.lineage = cut(ledger.base, longest, cycles);
  cluster.durableCycles = cycles;
  cluster.isAsking = false;
}
