import { FairShare, type Member } from "./fair-share.ts";

/** Absent members are dropped when there are more of all than this, and twice as many as after the last time. */
const KEPT_MIN = 64;

/** Members by name. One that is absent is dropped some time after the level has passed what it used. */
export class Members<M extends Member> extends FairShare {
  readonly #byName = new Map<string, M>();
  readonly #create: () => M;
  #sizeMax = KEPT_MIN;

  constructor(create: () => M) {
    super();
    this.#create = create;
  }

  get size(): number {
    return this.#byName.size;
  }

  of(name: string): M {
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    if (this.size >= this.#sizeMax) this.#tidy();
    const created = this.#create();
    this.#byName.set(name, created);
    return created;
  }

  /** Call it after every call: one that took longer than `ordinaryMs` is not made up for in full. */
  ended(member: M, tookMs: number, ordinaryMs: number): void {
    this.settle(this.#byName.values(), member, tookMs, ordinaryMs);
  }

  #tidy(): void {
    for (const [name, member] of this.#byName)
      if (!member.isPresent && member.used <= this.level) this.#byName.delete(name);
    this.#sizeMax = Math.max(KEPT_MIN, 2 * this.size);
  }
}
