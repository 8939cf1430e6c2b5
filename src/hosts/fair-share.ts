/** A slice takes about this long: enough to amortize messages, and soon another cluster gets its turn. */
export const SLICE_MS = 70;
/** A member that is behind by more than this comes before all others; one that was away has saved up this at most. */
const LAG_MAX = 2 * SLICE_MS;
/** Differences below this one do not matter. */
const TOLERANCE_MS = 1;

/** One of those that share a host's time: a project, or a cluster of it. */
export class Member {
  /** Time that it has used, on the scale of the level. */
  used = -Infinity;
  isPresent = false;
}

/**
 * Divides time equally among the members that are present: those with a call that waits or runs. The level is the time
 * that they have used on average; a member at or below it is within its share. The level rises while one of them runs,
 * whichever it is, so that a member which needs little time is soon within its share again.
 *
 * Members within their share may lead: come before others that have used less. All leaders together get a slice for
 * each member between two turns of others, so that also members that come, lead and leave again, whose time the average
 * forgets, leave the others their share.
 */
export class FairShare {
  #sum = 0;
  #count = 0;
  #level = 0;
  /** Time of the leaders since the last turn of another member. */
  #aheadMs = 0;

  get level(): number {
    return this.#level;
  }

  isWithin(member: Member, allowanceMs = 0): boolean {
    return member.used <= this.#level + allowanceMs + TOLERANCE_MS;
  }

  /** Whether the leaders have had their time, and it is the turn of others. */
  get isLeadOver(): boolean {
    return this.#aheadMs >= this.#count * SLICE_MS;
  }

  /** A member that does not lead gets a turn. */
  endLead(): void {
    this.#aheadMs = 0;
  }

  /** Whether others have taken so much of its time that it is to come next. */
  isBehind(member: Member): boolean {
    return member.used < this.#level - LAG_MAX;
  }

  /** A new member begins at the level. */
  join(member: Member): void {
    member.isPresent = true;
    member.used = member.used === -Infinity ? this.#level : Math.max(member.used, this.#level - LAG_MAX);
    this.#sum += member.used;
    this.#count += 1;
  }

  leave(member: Member): void {
    member.isPresent = false;
    this.#sum -= member.used;
    this.#count -= 1;
  }

  /** Adds to the time that a present member has used. */
  charge(member: Member, ms: number, isLeading: boolean): void {
    if (isLeading) this.#aheadMs += ms;
    member.used += ms;
    this.#sum += ms;
    this.#level = Math.max(this.#level, this.#sum / this.#count);
  }

  /**
   * After a call of `tookMs` of one of the members. If it took longer than calls of its kind ordinarily do, those that
   * could not run in the meantime have no claim to all of that time at once, or those that could run would wait as
   * long; and the member itself, which would have to wait until each of them has had as much, waits about `tookMs`.
   * Keeps the order of the others.
   */
  protected settle(members: Iterable<Member>, member: Member, tookMs: number, ordinaryMs: number): void {
    if (tookMs <= ordinaryMs) return;
    const level = this.#level;
    this.#move(member, Math.min(member.used, level + Math.max(ordinaryMs, tookMs / this.#count)));
    for (const each of members) if (each.isPresent) this.#move(each, Math.max(each.used, level - SLICE_MS));
  }

  #move(member: Member, used: number): void {
    this.#sum += used - member.used;
    member.used = used;
  }
}
