import { expect, onTestFinished } from "vitest";
import { authenticate } from "../../src/accounts/authenticate.ts";
import type { Context } from "../../src/app-context.ts";
import { HostClient } from "../../src/hosts/host-client.ts";
import { workerLink } from "../../src/hosts/cpu/worker-link.ts";
import { gpuProcess } from "../../src/hosts/gpu/open-gpu-hosts.ts";
import { processLink } from "../../src/hosts/gpu/process-link.ts";
import { hostUuid } from "../../src/hosts/host-uuid.ts";
import type { HostLink, HostMethod, OpenHostLink } from "../../src/hosts/protocol.ts";
import { createHostRegistry } from "../../src/hosts/registry.ts";
import { createScheduler } from "../../src/tasks/create-scheduler.ts";
import { getTask, type TaskKey, type TaskView } from "../../src/tasks/get-task.ts";
import { TaskChanges } from "../../src/tasks/task-changes.ts";
import type { TestApp } from "./test-app.ts";

export const cpuWorker = new URL("../../src/hosts/cpu/cpu-worker.js", import.meta.url);

const processOf = (type: "cpu" | "gpu") =>
  type === "cpu" ? workerLink(cpuWorker, "cpu-host") : processLink(gpuProcess, { software: true });

/** A host whose thread a test can end, or hold up, in the middle of its work. */
export class KillableHost extends HostClient {
  readonly kill: () => Promise<void>;
  /** Ends the thread in place of this call. */
  dieAt: HostMethod | null = null;
  /** Trains this many slices; the next one waits for `release`. */
  slicesLeft = Infinity;
  #waiting: (() => void) | null = null;

  constructor(uuid: string, type: "cpu" | "gpu" = "cpu", openLink = processOf(type)) {
    let end = async () => {};
    const open: OpenHostLink = (events) => {
      const link = openLink(events);
      end = async () => {
        this.#waiting = null;
        await link.close();
        events.lost("killed by the test");
      };
      const post: HostLink["post"] = (request, transfer) => {
        if (request.method === this.dieAt) void end();
        else if (request.method === "train" && this.slicesLeft-- <= 0)
          this.#waiting = () => link.post(request, transfer);
        else link.post(request, transfer);
      };
      return { post, close: () => link.close() };
    };
    super({ uuid, type, name: "test" }, open);
    this.kill = () => end();
  }

  /** True while a slice waits: everything before it is trained, and nothing after it. */
  get isHeld(): boolean {
    return this.#waiting !== null;
  }

  release(): void {
    this.slicesLeft = Infinity;
    this.#waiting?.();
    this.#waiting = null;
  }
}

/** A scheduler with its own hosts on a test app's database and folders, and the administrator's context. */
export interface Rig {
  readonly context: Context;
  readonly hosts: readonly [KillableHost, KillableHost];
  /** Ends everything at once, like a killed process: nothing is saved, no row is written. */
  crash(): Promise<void>;
}

export interface RigOptions {
  snapshotIntervalMs?: number;
  /** GPUs are software devices. */
  types?: readonly ["cpu" | "gpu", "cpu" | "gpu"];
  /** Start the hosts' processes instead of the real ones. */
  link?: OpenHostLink;
  secondLink?: OpenHostLink;
  /** How long a network waits for room on a full host. */
  patienceMs?: number;
}

/** Ends with the test. */
export async function openRig(app: TestApp, options: RigOptions = {}): Promise<Rig> {
  const rig = await createRig(app, options);
  onTestFinished(() => rig.crash());
  return rig;
}

/** The caller ends it with `crash`. */
export async function createRig(app: TestApp, options: RigOptions = {}): Promise<Rig> {
  const { link, secondLink, types = ["cpu", "cpu"], snapshotIntervalMs = 50 } = options;
  const { db, storage, log, metrics, events } = app.app;
  const first = new KillableHost(await hostUuid(db, "cpu"), types[0], link);
  const second = new KillableHost(await hostUuid(db, "cpu-2"), types[1], secondLink);
  const hosts = createHostRegistry(
    [first, second],
    options.patienceMs === undefined ? {} : { patienceMs: options.patienceMs },
  );
  const scheduler = await createScheduler({
    db,
    storage,
    log,
    hosts,
    snapshotIntervalMs,
    limits: app.app.config.limits,
    metrics,
    events,
    directScores: app.app.directScores,
    changes: new TaskChanges(),
    webhooks: app.app.webhooks,
  });
  const caller = await authenticate(app.app, app.token);
  const crash = async () => {
    await hosts.close();
    await scheduler.close();
  };
  return { context: { app: { ...app.app, hosts, scheduler }, caller }, hosts: [first, second], crash };
}

/** The task once it has finished or failed. */
export async function over(rig: Pick<Rig, "context">, task: TaskKey, timeout = 60_000): Promise<TaskView> {
  const state = async () => (await getTask(rig.context, task)).state;
  await expect.poll(state, { interval: 5, timeout }).toMatch(/finished|failed/);
  return getTask(rig.context, task);
}
