/** A slice takes about 70 ms. A call that takes longer than this has used several turns. */
const TURN_MS = 400;
/** A project counts as active until this long after its last call. */
const RECENT_MS = 100;

/**
 * Pauses projects whose calls take too long. A step cannot be split, and the first sample of a million values takes
 * seconds. After such a call its project pauses for as long as the call took, while another project stays active. The
 * other projects therefore keep at least half of the host's time, and their calls rarely wait long. A project never
 * pauses if its calls have ordinary length or if it is alone on the host. All times are milliseconds of the same clock.
 */
export class LongCalls {
  /** End of each project's pause. */
  readonly #pauses = new Map<string, number>();
  /** The last call that ended, and the last one of any other project. */
  #last = { projectId: "", ended: -Infinity };
  #lastOther = -Infinity;

  /** Records that a project's call ended at `ended` and took `took`. */
  note(projectId: string, took: number, ended: number): void {
    if (this.#last.projectId !== projectId) this.#lastOther = this.#last.ended;
    this.#last = { projectId, ended };
    for (const [id, end] of this.#pauses) if (end < ended) this.#pauses.delete(id);
    if (took > TURN_MS) this.#pauses.set(projectId, ended + took);
  }

  /** How long the project's next call must wait if no other project calls in the meantime; 0 if it may run at once. */
  waitMs(projectId: string, now: number): number {
    const pauseLeft = (this.#pauses.get(projectId) ?? 0) - now;
    if (pauseLeft <= 0) return 0;
    const lastOther = this.#last.projectId === projectId ? this.#lastOther : this.#last.ended;
    return Math.max(0, Math.min(pauseLeft, lastOther + RECENT_MS - now));
  }
}
