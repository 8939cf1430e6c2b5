/** Actions of the crash test's clients on the tasks of clusters. */
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { requestBody, trainBody } from "../support/compute.ts";
import type { RunningServer } from "../support/server-process.ts";
import type { BaseDataset } from "./base-datasets.ts";
import { checkpointsMax, deleteCheckpoint } from "./checkpoints.ts";
import type { Ledger } from "./ledger.ts";
import { withStep } from "./lineage.ts";
import { list, type Listing, takeListing } from "./listing.ts";
import type { ClusterModel, Step, TaskModel } from "./model.ts";

const queueMax = 5;
/** Longer histories only make the replay at the end slower. */
export const stepsMax = 10;

export async function queueTask(ledger: Ledger, server: RunningServer, cluster: ClusterModel): Promise<void> {
  const { random } = ledger;
  const queued = [...cluster.tasks.values()].filter((task) => !task.isOver).length;
  if (queued >= queueMax) {
    await delay(random.int(1, 30));
    return follow(ledger, server, cluster);
  }
  const choice = random.int(0, 54);
  if (choice < 28) return train(ledger, server, cluster);
  if (choice < 36) return request(ledger, server, cluster);
  if (choice < 46) return save(ledger, server, cluster);
  return restore(ledger, server, cluster);
}

async function queue(
  ledger: Ledger,
  server: RunningServer,
  plan: { name: string; cluster: ClusterModel; path: string; body: object; note: (uuid: string) => void },
): Promise<void> {
  const { cluster, note } = plan;
  await ledger.attempt(plan.name, {
    ask: () => server.ask<{ uuid: string }>("POST", plan.path, plan.body),
    note: ({ uuid }) => note(uuid),
    settle: async (next) => {
      const tasks = await list(next, `/task/all?cluster_uuid=${cluster.uuid}`);
      for (const { uuid } of tasks) if (!cluster.tasks.has(uuid as string)) note(uuid as string);
    },
  });
}

async function train(ledger: Ledger, server: RunningServer, cluster: ClusterModel): Promise<void> {
  const { lineage, host } = cluster;
  if (lineage.steps.length >= stepsMax) return;
  const { random, base } = ledger;
  const isSlow = host === "gpu";
  const dataset = isSlow ? 0 : random.int(0, base.length - 1);
  const epochs = random.pick(isSlow ? [1] : [1, 3, 10, 40]);
  const batch_size = random.pick(isSlow ? [16, 128] : [1, 16, 128]);
  const step: Step = { kind: "train", host, dataset, epochs, batch_size };
  const { uuid, rows } = base[dataset] as BaseDataset;
  const body = trainBody(cluster.uuid, uuid, { name: ledger.newName(), epochs, batch_size });
  const note = (task: string) => {
    const steps = Math.ceil((epochs * rows) / batch_size);
    cluster.tasks.set(task, { uuid: task, kind: "train", isOver: false, steps });
    cluster.lineage = withStep(lineage, step);
  };
  await queue(ledger, server, { name: "training queued", cluster, path: "/task/train", body, note });
}

async function request(ledger: Ledger, server: RunningServer, cluster: ClusterModel): Promise<void> {
  const { lineage } = cluster;
  const dataset = ledger.random.int(0, ledger.base.length - 1);
  const { uuid } = ledger.base[dataset] as BaseDataset;
  const body = requestBody(cluster.uuid, uuid, { name: ledger.newName() });
  const note = (task: string) =>
    cluster.tasks.set(task, { uuid: task, kind: "request", isOver: false, lineage, dataset });
  await queue(ledger, server, { name: "request queued", cluster, path: "/task/request", body, note });
}

async function save(ledger: Ledger, server: RunningServer, cluster: ClusterModel): Promise<void> {
  const { lineage } = cluster;
  if (ledger.checkpoints.size >= checkpointsMax) return deleteCheckpoint(ledger, server);
  const body = { name: ledger.newName(), cluster_uuid: cluster.uuid };
  const note = (task: string) => cluster.tasks.set(task, { uuid: task, kind: "save", isOver: false, lineage });
  await queue(ledger, server, { name: "save queued", cluster, path: "/cluster/save", body, note });
}

async function restore(ledger: Ledger, server: RunningServer, cluster: ClusterModel): Promise<void> {
  if (ledger.checkpoints.size === 0) return;
  const { uuid: checkpoint_uuid, lineage } = ledger.random.pick([...ledger.checkpoints.values()]);
  const body = { cluster_uuid: cluster.uuid, checkpoint_uuid };
  const note = (task: string) => {
    cluster.tasks.set(task, { uuid: task, kind: "restore", isOver: false });
    cluster.lineage = lineage;
  };
  await queue(ledger, server, { name: "restore queued", cluster, path: "/cluster/load", body, note });
}

export async function deleteTask(ledger: Ledger, server: RunningServer, cluster: ClusterModel): Promise<void> {
  const over = [...cluster.tasks.values()].filter((task) => task.isOver);
  if (over.length === 0) return;
  const { uuid } = ledger.random.pick(over);
  await ledger.attempt("task deleted", {
    ask: () => server.ask("DELETE", `/task?uuid=${uuid}&cluster_uuid=${cluster.uuid}`),
    note: () => cluster.tasks.delete(uuid),
    settle: async (next) => {
      const tasks = await list(next, `/task/all?cluster_uuid=${cluster.uuid}`);
      if (!tasks.some((task) => task["uuid"] === uuid)) cluster.tasks.delete(uuid);
    },
  });
}

/** Checks the tasks' progress: a finished task must stay finished, and none may fail. */
export async function follow(ledger: Ledger, server: RunningServer, cluster: ClusterModel): Promise<void> {
  const states = await list(server, `/task/all?cluster_uuid=${cluster.uuid}`);
  assert.deepEqual(states.map(({ uuid }) => uuid as string).sort(), [...cluster.tasks.keys()].sort());
  let listing: Listing | null = null;
  for (const { uuid, state } of states) {
    const task = cluster.tasks.get(uuid as string) as TaskModel;
    assert((task.isOver ? ["finished"] : ["queued", "active", "finished"]).includes(state as string), state);
    if (state !== "finished" || task.isOver) continue;
    listing ??= await takeListing(server);
    const kept: Listing["datasets"] = task.kind === "save" ? listing.checkpoints : listing.datasets;
    if (task.kind === "save" || task.kind === "request") assert.equal(kept.has(task.uuid), true);
    if (task.kind === "train") await checkCurve(server, cluster, task);
    await keepOutcome(ledger, server, { listing, task });
  }
}

interface MetricsBody {
  total_number_of_cycles: number;
  points: { cycle: number; samples: number }[];
}

/** Checks that a finished training has measured each of its samples once, however often it was interrupted. */
async function checkCurve(server: RunningServer, cluster: ClusterModel, { uuid }: TaskModel): Promise<void> {
  const path = `/task/metrics?uuid=${uuid}&cluster_uuid=${cluster.uuid}`;
  const { total_number_of_cycles: cycles, points } = await server.ask<MetricsBody>("GET", path);
  assert.equal(points.at(-1)?.cycle, cycles);
  assert.equal(
    points.reduce((sum, { samples }) => sum + samples, 0),
    cycles,
  );
}

/** Records the outcome of a task that is over. */
export async function keepOutcome(
  ledger: Ledger,
  server: RunningServer,
  { listing, task }: { listing: Listing; task: TaskModel },
): Promise<void> {
  const { uuid, kind } = task;
  if (kind === "save" && listing.checkpoints.has(uuid)) {
    ledger.checkpoints.set(uuid, { uuid, lineage: task.lineage, sha256: null });
  }
  if (kind === "request" && listing.datasets.has(uuid)) {
    const { lineage, dataset } = task;
    const content = await contentOf(ledger, server, { uuid, dataset });
    ledger.results.set(uuid, { uuid, lineage, dataset, content });
  }
  task.isOver = true;
}

export async function contentOf(
  { base }: Ledger,
  server: RunningServer,
  result: { uuid: string; dataset: number },
): Promise<string> {
  const { rows } = base[result.dataset] as BaseDataset;
  const query = `uuid=${result.uuid}&column_name=label&row_offset=0&number_of_rows=${rows}`;
  return JSON.stringify(await server.ask("GET", `/dataset/content?${query}`));
}
