import { onTestFinished } from "vitest";
import type { Context } from "../../src/app-context.ts";
import { HostClient } from "../../src/hosts/host-client.ts";
import { workerLink } from "../../src/hosts/cpu/worker-link.ts";
import { hostUuid } from "../../src/hosts/host-uuid.ts";
import type { HostLink, HostMethod, OpenHostLink } from "../../src/hosts/protocol.ts";
import { createHostRegistry } from "../../src/hosts/registry.ts";
import { createScheduler } from "../../src/tasks/create-scheduler.ts";
import type { TestApp } from "./test-app.ts";
import { adminId } from "./test-app.ts";

export const cpuWorker = new URL("../../src/hosts/cpu/cpu-worker.js", import.meta.url);

/** A CPU host whose thread a test can end, or hold up, in the middle of its work. */
export class KillableHost extends HostClient {
  readonly kill: () => Promise<void>;
  /** Ends the thread when it should do this, and before it does. */
  dieAt: HostMethod | null = null;
  /** So many slices are trained; the next one waits for `release`. */
  slicesLeft = Infinity;
  #waiting: (() => void) | null = null;

  constructor(uuid: string, openLink = workerLink(cpuWorker, "cpu-host")) {
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
    super({ uuid, type: "cpu", name: "test" }, open);
    this.kill = () => end();
  }

  /** A slice waits: everything before it has been trained, and nothing after it. */
  get isHeld(): boolean {
    return this.#waiting !== null;
  }

  release(): void {
    this.slicesLeft = Infinity;
    this.#waiting?.();
    this.#waiting = null;
  }
}

/** A scheduler with hosts of its own on the database and folders of a test app, and the administrator's context. */
export interface Rig {
  readonly context: Context;
  readonly hosts: readonly [KillableHost, KillableHost];
  /** Ends everything at once, as a killed process would: nothing is saved, no row is written. */
  crash(): Promise<void>;
}

/** `link` and `secondLink` start the hosts' processes in place of the real ones. */
export async function openRig(
  app: TestApp,
  options: { snapshotIntervalMs?: number; link?: OpenHostLink; secondLink?: OpenHostLink } = {},
): Promise<Rig> {
  const { link, secondLink, snapshotIntervalMs = 50 } = options;
  const { db, storage, log, metrics } = app.app;
  const first = new KillableHost(await hostUuid(db, "cpu"), link);
  const second = new KillableHost(await hostUuid(db, "cpu-2"), secondLink);
  const hosts = createHostRegistry([first, second]);
  const scheduler = await createScheduler({
    db,
    storage,
    log,
    hosts,
    snapshotIntervalMs,
    limits: app.app.config.limits,
    metrics,
  });
  const caller = {
    userId: adminId,
    userName: adminId,
    isAdmin: true,
    projectId: "admin",
    role: "admin",
    isProjectAdmin: true,
  };
  const crash = async () => {
    await hosts.close();
    await scheduler.close();
  };
  onTestFinished(crash);
  return { context: { app: { ...app.app, hosts, scheduler }, caller }, hosts: [first, second], crash };
}
