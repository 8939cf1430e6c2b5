import { BadRequestError, UnauthorizedError } from "../errors.ts";
import type { Session } from "../session.ts";
import { withinTime } from "../time-limit.ts";
import { listen, type Position } from "./listen.ts";
import { TaskSubscription } from "./task-subscription.ts";

/** The stream that all subscriptions of a client share. */
interface FeedStream {
  /** Only of this cluster; undefined: of all. */
  cluster: string | undefined;
  end: AbortController;
  lastEventId: string | undefined;
  /** Resolves when it has begun, or has ended before: then to the error, if any. */
  begun: Promise<unknown>;
}

/** After this time without the server those who wait for tasks learn that it is away. */
const GIVE_UP_MS = 15_000;
/** A stream that has not begun by then may be held back by a proxy. */
const BEGIN_MS = 5000;

/**
 * What happens to the tasks that a client watches, over one connection for all of them: browsers open six to a server.
 * While all of them belong to one cluster, only its events are sent.
 */
export class TaskFeed {
  readonly #session: Session;
  readonly #subscriptions = new Set<TaskSubscription>();
  #stream: FeedStream | undefined;
  /** False for a server without events. */
  #isSupported = true;

  constructor(session: Session) {
    this.#session = session;
  }

  /**
   * Resolves when no event will be missed any more; to undefined where there are no events. Close the result. Rejects
   * with the signal's reason.
   */
  async subscribe(
    task: { uuid: string; cluster_uuid: string },
    signal?: AbortSignal,
  ): Promise<TaskSubscription | undefined> {
    if (!this.#isSupported) return undefined;
    const subscription: TaskSubscription = new TaskSubscription(task, () => this.#leave(subscription));
    this.#subscriptions.add(subscription);
    this.#streamFor(subscription.cluster);
    let hasBegun = false;
    try {
      hasBegun = (await withinTime(BEGIN_MS, signal, (limit) => this.#begun(limit))) === true;
    } finally {
      if (!hasBegun) subscription.close();
    }
    return hasBegun ? subscription : undefined;
  }

  /** Resolves when there is a stream, or to false when there is none. */
  async #begun(signal: AbortSignal): Promise<boolean> {
    const aborted = new Promise<never>((_, reject) =>
      signal.addEventListener("abort", () => reject(new Error("too late"))),
    );
    for (let stream = this.#stream; stream !== undefined; stream = this.#stream) {
      const error = await Promise.race([stream.begun, aborted]);
      if (this.#stream === stream) return true;
      if (error instanceof BadRequestError || error instanceof UnauthorizedError) this.#isSupported = false;
    }
    return false;
  }

  #streamFor(cluster: string): FeedStream {
    const before = this.#stream;
    if (before !== undefined && (before.cluster === undefined || before.cluster === cluster)) return before;
    before?.end.abort();
    const { lastEventId } = before ?? {};
    const end = new AbortController();
    const stream: FeedStream = {
      cluster: before === undefined ? cluster : undefined,
      end,
      lastEventId,
      begun: Promise.resolve(),
    };
    this.#stream = stream;
    stream.begun = new Promise((resolve) => void this.#run(stream, resolve));
    return stream;
  }

  async #run(stream: FeedStream, begin: (error?: unknown) => void): Promise<void> {
    const { cluster: cluster_uuid, end, lastEventId } = stream;
    const query = { kind: "task,cluster.deleted", cluster_uuid, lastEventId, signal: end.signal };
    try {
      for await (const event of listen(this.#session, { ...query, giveUpMs: GIVE_UP_MS })) {
        if (this.#stream !== stream) break;
        stream.lastEventId = event.id;
        this.#deliver(event);
        begin();
      }
    } catch (error) {
      if (this.#stream === stream) {
        this.#stream = undefined;
        for (const subscription of this.#subscriptions) subscription.lose();
      }
      begin(error);
    }
    begin();
  }

  #deliver({ kind, data }: Position): void {
    if (kind === undefined || data === undefined) return;
    for (const subscription of this.#subscriptions) subscription.take(kind, data);
  }

  #leave(subscription: TaskSubscription): void {
    this.#subscriptions.delete(subscription);
    if (this.#subscriptions.size > 0) return;
    const stream = this.#stream;
    this.#stream = undefined;
    stream?.end.abort();
  }
}
