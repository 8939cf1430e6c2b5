/** A turn on a host is a slice of about 70 ms. A call that takes longer than this has taken several. */
const TURN_MS = 400;
/** So long after its last call a project counts as one that goes on asking. */
const RECENT_MS = 100;

/**
 * Pauses for projects whose calls take too long. One step cannot be cut, and the first sample of a million values takes
 * seconds. After such a call its project pauses for as long as the call took, while another project goes on asking; so the
 * others keep at least half of the host, and only now and then one of their calls waits long. Calls of ordinary length,
 * and projects that have the host for themselves, never pause. Times are milliseconds of one clock.
 */
export class LongCalls {
  /** When each project's last call ended, and when its pause ends. */
  readonly #projects = new Map<string, { ended: number; pausedUntil: number }>();

  /** A project's call took so long and has ended just now. */
  note(projectId: string, took: number, ended: number): void {
    const before = this.#projects.get(projectId)?.pausedUntil ?? 0;
    this.#projects.set(projectId, { ended, pausedUntil: took > TURN_MS ? ended + took : before });
  }

  /** How long the project's next call has to wait if nobody else asks meanwhile; 0 when it may come at once. */
  waitMs(projectId: string, now: number): number {
    const pauseLeft = (this.#projects.get(projectId)?.pausedUntil ?? 0) - now;
    if (pauseLeft <= 0) return 0;
    let lastOther = -Infinity;
    for (const [id, { ended }] of this.#projects) if (id !== projectId) lastOther = Math.max(lastOther, ended);
    return Math.max(0, Math.min(pauseLeft, lastOther + RECENT_MS - now));
  }

  /** Forgets projects that say nothing about what comes next, so that few are remembered. */
  tidy(now: number): void {
    for (const [id, { ended, pausedUntil }] of this.#projects)
      if (ended + RECENT_MS < now && pausedUntil < now) this.#projects.delete(id);
  }
}
