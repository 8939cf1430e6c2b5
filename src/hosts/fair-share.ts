/** A slice takes about this long. */
export const SLICE_MS = 70;
/** A member that has used more than its share by this much does not count for the others. */
const DEBT_MS = 2 * SLICE_MS;
/** Differences below this one do not matter. */
const TOLERANCE_MS = 1;

/** One of those that share a host's time: a project, or a cluster of it. */
export class Member {
  /** Time that it has used, on the scale of the level. */
  used = -Infinity;
  isPresent = false;
  /** What counts towards the level; undefined for one that is absent or deep in debt. */
  counted: number | undefined;
}

/**
 * Divides time equally among the members that are present: those with a call that waits or runs. The level is the time
 * that they have used on average. A member at or below the level is within its share. The level rises while one of them
 * runs, whichever it is, so that a member which needs little time is soon within its share again.
 */
export class FairShare {
  #sum = 0;
  #count = 0;
  /** Level of the last moment at which anybody counted. */
  #last = 0;

  get level(): number {
    return this.#count === 0 ? this.#last : this.#sum / this.#count;
  }

  isWithin(member: Member, allowanceMs = 0): boolean {
    return member.used <= this.level + allowanceMs + TOLERANCE_MS;
  }

  /** A new member begins at the level. One that was away has saved up a slice at most. */
  join(member: Member): void {
    const { level } = this;
    member.isPresent = true;
    member.used = member.used === -Infinity ? level : Math.max(member.used, level - SLICE_MS);
    this.#addUnlessInDebt(member);
  }

  /** After a call of a member that stays present. */
  stay(member: Member): void {
    this.#remove(member);
    this.#addUnlessInDebt(member);
  }

  leave(member: Member): void {
    member.isPresent = false;
    this.#remove(member);
  }

  /** Begins to charge a member for a call. Even one in debt counts now: time passes for the others, too. */
  start(member: Member): void {
    if (member.counted === undefined) this.#add(member, this.level);
  }

  /** Adds to the time that a present member has used. */
  charge(member: Member, ms: number): void {
    member.used += ms;
    if (member.counted === undefined) return;
    member.counted += ms;
    this.#sum += ms;
  }

  /**
   * After a call of `tookMs`: members that could not run in the meantime have no claim to all of that time at once, or
   * those that could run would wait as long. Keeps the order of the members.
   */
  forgive(members: Iterable<Member>, tookMs: number): void {
    if (tookMs <= DEBT_MS) return;
    const floor = this.level - SLICE_MS;
    for (const member of members) {
      if (!member.isPresent || member.used >= floor) continue;
      const missing = floor - member.used;
      member.used = floor;
      if (member.counted === undefined) continue;
      member.counted += missing;
      this.#sum += missing;
    }
  }

  #remove(member: Member): void {
    if (member.counted === undefined) return;
    this.#last = this.level;
    this.#count -= 1;
    this.#sum = this.#count === 0 ? 0 : this.#sum - member.counted;
    member.counted = undefined;
  }

  /** Where everybody is in debt, nobody is. */
  #addUnlessInDebt(member: Member): void {
    if (this.#count === 0 || member.used <= this.level + DEBT_MS) this.#add(member, member.used);
  }

  #add(member: Member, counted: number): void {
    member.counted = counted;
    this.#sum += counted;
    this.#count += 1;
  }
}
