/** A turn on a host is a slice of about 70 ms. A call that takes longer than this has used several turns. */
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
  /** End of each project's last call, and end of its pause. */
  readonly #projects = new Map<string, { ended: number; pausedUntil: number }>();

  /** Records that a project's call ended at `ended` and took `took`. */
  note(projectId: string, took: number, ended: number): void {
    const before = this.#projects.get(projectId)?.pausedUntil ?? 0;
    this.#projects.set(projectId, { ended, pausedUntil: took > TURN_MS ? ended + took : before });
  }

  /** How long the project's next call must wait if no other project calls in the meantime; 0 if it may run at once. */
  waitMs(projectId: string, now: number): number {
    const pauseLeft = (this.#projects.get(projectId)?.pausedUntil ?? 0) - now;
    if (pauseLeft <= 0) return 0;
    let lastOther = -Infinity;
    for (const [id, { ended }] of this.#projects) if (id !== projectId) lastOther = Math.max(lastOther, ended);
    return Math.max(0, Math.min(pauseLeft, lastOther + RECENT_MS - now));
  }

  /** Drops projects that are neither active nor paused, which bounds the memory. */
  tidy(now: number): void {
    for (const [id, { ended, pausedUntil }] of this.#projects)
      if (ended + RECENT_MS < now && pausedUntil < now) this.#projects.delete(id);
  }
}
