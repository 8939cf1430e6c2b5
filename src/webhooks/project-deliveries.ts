import { and, eq, notInArray, sql } from "drizzle-orm";
import { notifications } from "../db/schema/index.ts";
import type { Semaphore } from "../limits/semaphore.ts";
import { writeErrorLog } from "../logs/write-error-log.ts";
import { deliver, type DeliveryParts } from "./deliver.ts";
import { RETRY_MS_MAX } from "./retry.ts";

/** Deliveries of one project that are under way. */
export const DELIVERIES_PER_PROJECT = 4;
/** Pause after an error of the database. */
const REST_MS = 10_000;
/** How long the database may take to carry out a commit whose answer was lost. */
const DOUBT_MS = 60_000;

/** A pending notification, by its task, and the time until it is due. */
interface Next {
  task: string;
  ms: number;
}

/** The pending notifications of one project: delivers those that are due, and waits for the others. */
export class ProjectDeliveries {
  readonly #parts: DeliveryParts;
  readonly #slots: Semaphore;
  readonly #projectId: string;
  readonly #onEmpty: () => void;
  readonly #stop = new AbortController();
  /** By task. */
  readonly #underWay = new Map<string, Promise<void>>();
  #isWanted = false;
  #isResting = false;
  #isLooking = false;
  #looked: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #doubtEndsMs = 0;

  /** Calls `onEmpty` when nothing is pending. */
  constructor(parts: DeliveryParts, slots: Semaphore, projectId: string, onEmpty: () => void) {
    this.#parts = parts;
    this.#slots = slots;
    this.#projectId = projectId;
    this.#onEmpty = onEmpty;
  }

  /** See `Notifier.wake`. */
  wake({ isInDoubt = false } = {}): void {
    if (isInDoubt) this.#doubtEndsMs = performance.now() + DOUBT_MS;
    this.#isWanted = true;
    if (this.#isLooking || this.#isResting || this.#stop.signal.aborted) return;
    this.#isLooking = true;
    this.#looked = this.#look();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    clearTimeout(this.#timer);
    await this.#looked;
    await Promise.all(this.#underWay.values());
  }

  async #look(): Promise<void> {
    try {
      while (this.#isWanted && !this.#stop.signal.aborted) {
        this.#isWanted = false;
        clearTimeout(this.#timer);
        const free = DELIVERIES_PER_PROJECT - this.#underWay.size;
        // The end of a delivery wakes.
        if (free > 0) this.#beginDue(await this.#next(free + 1), free);
      }
    } catch (error) {
      await this.#rest(error);
    } finally {
      this.#isLooking = false;
    }
  }

  #beginDue(next: readonly Next[], free: number): void {
    if (this.#stop.signal.aborted) return;
    // A longer delay is that of a clock that was set back.
    const isDue = ({ ms }: Next) => ms <= 0 || ms > RETRY_MS_MAX;
    for (const { task } of next.filter(isDue).slice(0, free)) this.#begin(task);
    const later = next.find((each) => !isDue(each));
    const doubtMs = this.#doubtEndsMs - performance.now();
    if (later !== undefined) this.#wakeIn(later.ms);
    else if (next.length === 0 && doubtMs > 0) this.#wakeIn(doubtMs);
    else if (next.length === 0 && this.#underWay.size === 0 && !this.#isWanted) this.#onEmpty();
  }

  /** The first ones that are not under way; times are those of the database's clock, which wrote them. */
  async #next(count: number): Promise<Next[]> {
    const { db } = this.#parts;
    return db
      .select({
        task: notifications.task_uuid,
        ms: sql<number>`1000 * extract(epoch from ${notifications.next_at} - now())`.mapWith(Number),
      })
      .from(notifications)
      .where(
        and(
          eq(notifications.project_id, this.#projectId),
          notInArray(notifications.task_uuid, [...this.#underWay.keys()]),
        ),
      )
      .orderBy(notifications.next_at)
      .limit(count);
  }

  #begin(taskUuid: string): void {
    const owner = { group: this.#projectId, user: this.#projectId };
    const work = this.#slots
      .run(owner, () => deliver(this.#parts, taskUuid, this.#stop.signal))
      .catch((error: unknown) => this.#rest(error))
      .finally(() => {
        this.#underWay.delete(taskUuid);
        this.wake();
      });
    this.#underWay.set(taskUuid, work);
  }

  #wakeIn(ms: number): void {
    this.#timer = setTimeout(() => this.wake(), ms).unref();
  }

  /** Begins nothing new for a while. */
  async #rest(error: unknown): Promise<void> {
    if (this.#isResting || this.#stop.signal.aborted) return;
    this.#isResting = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#isResting = false;
      this.wake();
    }, REST_MS).unref();
    const context = "delivering notifications";
    await writeErrorLog(this.#parts, { userId: "", component: "webhooks", context, values: new Map(), error });
  }
}
