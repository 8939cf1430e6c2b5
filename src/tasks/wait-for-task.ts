import type { Context } from "../app-context.ts";
import type { Caller } from "../accounts/caller.ts";
import { holderOf, sharesOf, type Connection } from "../accounts/connections.ts";
import { tooMany } from "../errors.ts";
import { getTask, type TaskKey, type TaskView } from "./get-task.ts";

/** Requests that wait at the same time; half of the connections remain for others. */
const WAITS_MAX = 1024;
const RETRY_SECONDS = 5;

/** The client of a request that waits, or listens. */
export interface PatientClient {
  /** Aborted when the client is gone. */
  readonly signal: AbortSignal;
  /** The caller as of now: the token may have expired, or the right may be gone. Throws like the first check. */
  checkAgain(): Promise<Caller>;
  /** When the token expires, in ms since 1970. */
  readonly tokenEndMs: number;
  /** The last event that the client has got over an earlier connection: the header `Last-Event-ID`. */
  readonly lastEventId: string | undefined;
  /** The server has ended the answer: a client that does not read its end loses the connection. */
  hangUp(): void;
  /** Time that is no work of the server's. */
  waited(ms: number): void;
}

/**
 * Like `getTask`, but answers only when the state of the task has changed, it is over, or `wait` seconds have passed,
 * and then like a new request. Throws 409 when too many requests wait already.
 */
export async function waitForTask(
  context: Context,
  { wait, ...key }: TaskKey & { wait: number },
  client: PatientClient,
): Promise<TaskView> {
  if (wait === 0) return getTask(context, key);
  const { app } = context;
  const bell = new Bell();
  // Listens before it reads, so that no change is lost in between.
  const unsubscribe = app.scheduler.onChanged(key, () => bell.ring());
  try {
    const task = await getTask(context, key);
    if (task.state !== "queued" && task.state !== "active") return task;
    return await waitIn(context, { key, task, endMs: performance.now() + 1000 * wait }, bell, client);
  } finally {
    unsubscribe();
  }
}

async function waitIn(
  { app, caller }: Context,
  { key, task, endMs }: { key: TaskKey; task: TaskView; endMs: number },
  bell: Bell,
  client: PatientClient,
): Promise<TaskView> {
  const end = () => bell.stop();
  const place: Connection = { kind: "wait", ...holderOf(caller), end };
  const places = Math.min(WAITS_MAX, Math.floor(app.connectionsMax / 2));
  if (!app.connections.add(place, sharesOf(places))) {
    app.metrics.refused("waits");
    throw tooMany("Too many clients wait for tasks.", RETRY_SECONDS);
  }
  client.signal.addEventListener("abort", end);
  try {
    let now = task;
    while (now.state === task.state && !bell.isStopped && !client.signal.aborted) {
      const startMs = performance.now();
      await bell.heard(endMs - startMs);
      client.waited(performance.now() - startMs);
      if (client.signal.aborted) return task;
      now = await getTask({ app, caller: await client.checkAgain() }, key);
    }
    return now;
  } finally {
    client.signal.removeEventListener("abort", end);
    app.connections.remove(place);
  }
}

/** Rings for one listener, also while nobody listens. */
class Bell {
  isStopped = false;
  #isRinging = false;
  #hear: (() => void) | undefined;

  ring(): void {
    this.#isRinging = true;
    this.#hear?.();
  }

  /** Rings for the last time. */
  stop(): void {
    this.isStopped = true;
    this.ring();
  }

  /** Resolves when it has rung since the last time, or after `ms`, when it stops. */
  async heard(ms: number): Promise<void> {
    const timer = setTimeout(() => this.stop(), Math.max(0, ms));
    await new Promise<void>((resolve) => {
      this.#hear = resolve;
      if (this.#isRinging) resolve();
    });
    clearTimeout(timer);
    this.#isRinging = false;
  }
}
