import { count } from "drizzle-orm";
import type { Db } from "../db/client.ts";
import { onOutcome } from "../db/commit-listeners.ts";
import type { TaskRow } from "../db/rows.ts";
import { isEndedTask, tasks } from "../db/schema/index.ts";

/** After a lost answer the database may still carry out the commit: until it notices that nobody is there. */
const DOUBT_MS = 60_000;

type Counts = ReadonlyMap<TaskRow["state"], number>;

/**
 * How many ended tasks there are, by state. The database would have to look at the whole history for each answer, so it
 * is asked once, and every change of an ended task is added when it is committed.
 */
export class EndedTasks {
  #counts: Map<TaskRow["state"], number> | undefined;
  /** Changes that began, and those of them whose outcome is open. */
  #begun = 0;
  #open = 0;
  /** No counts are kept before. */
  #inDoubtUntil = -Infinity;
  readonly #now: () => number;

  constructor(now = () => performance.now()) {
    this.#now = now;
  }

  /** Notes that the transaction `tx` adds or, with -1, removes ended tasks in these states. */
  changed(tx: Db, states: readonly TaskRow["state"][], by: 1 | -1): void {
    this.#begun += 1;
    this.#open += 1;
    onOutcome(tx, (outcome) => {
      this.#open -= 1;
      if (outcome === "unknown") {
        this.#counts = undefined;
        this.#inDoubtUntil = this.#now() + DOUBT_MS;
      }
      if (outcome !== "committed" || this.#counts === undefined) return;
      for (const state of states) this.#counts.set(state, (this.#counts.get(state) ?? 0) + by);
    });
  }

  async read(db: Db): Promise<Counts> {
    if (this.#counts !== undefined) return this.#counts;
    return db.transaction(async (tx) => {
      // Only now is it this reader's turn: while it waited for the database, others may have changed much.
      const [begun, open] = [this.#begun, this.#open];
      const rows = await tx
        .select({ state: tasks.state, value: count() })
        .from(tasks)
        .where(isEndedTask)
        .groupBy(tasks.state);
      const counts = new Map(rows.map(({ state, value }) => [state, value]));
      // The database may or may not have counted a change at the same time: these figures serve for this answer only.
      const isCertain = open === 0 && begun === this.#begun && this.#now() >= this.#inDoubtUntil;
      if (isCertain) this.#counts = counts;
      return counts;
    });
  }
}
