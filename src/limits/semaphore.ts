/** The owner of a job. Slots are shared fairly by `group` (a project, an address) and by `user`. */
export interface SemaphoreOwner {
  group: string;
  user: string;
}

export interface SemaphoreLimits {
  total: number;
  /** The share of one group. */
  group: number;
  /** The share of one user, across all groups. */
  user: number;
  /** The share of all long jobs together. */
  long: number;
}

interface Waiting {
  owner: SemaphoreOwner;
  isLong: boolean;
  start(): void;
}

/**
 * Limits how many jobs run at once, and shares the slots fairly. Of the waiting jobs, the next is the one for which the
 * more recent turn of its group or user is longest ago; ties go to the user whose last turn is longest ago, then to the
 * first arrival. So neither a group of many users nor a user of many groups gets more than its share. When every limit
 * is below `total`, no single owner can take all slots.
 */
export class Semaphore {
  readonly #limits: SemaphoreLimits;
  /** In order of arrival. */
  readonly #waiting: Waiting[] = [];
  /** Slots taken by each group and user. */
  readonly #ofGroup = new Map<string, number>();
  readonly #ofUser = new Map<string, number>();
  /** Turn in which each last got a slot. */
  readonly #groupTurns = new Map<string, number>();
  readonly #userTurns = new Map<string, number>();
  #taken = 0;
  #takenLong = 0;
  #turn = 0;

  constructor(limits: SemaphoreLimits) {
    this.#limits = limits;
  }

  async run<T>(owner: SemaphoreOwner, job: () => Promise<T>, { isLong = false } = {}): Promise<T> {
    await new Promise<void>((start) => {
      this.#waiting.push({ owner, isLong, start });
      this.#fill();
    });
    try {
      return await job();
    } finally {
      this.#count(owner, isLong, -1);
      this.#fill();
    }
  }

  #fill(): void {
    for (let next = this.#take(); next !== undefined; next = this.#take()) {
      const { group, user } = next.owner;
      this.#count(next.owner, next.isLong, 1);
      this.#turn += 1;
      this.#groupTurns.set(group, this.#turn);
      this.#userTurns.set(user, this.#turn);
      next.start();
    }
    if (this.#taken > 0) return;
    // No job runs, so none waits, and the history is no longer needed.
    this.#groupTurns.clear();
    this.#userTurns.clear();
  }

  #count({ group, user }: SemaphoreOwner, isLong: boolean, change: 1 | -1): void {
    this.#taken += change;
    if (isLong) this.#takenLong += change;
    add(this.#ofGroup, group, change);
    add(this.#ofUser, user, change);
  }

  #take(): Waiting | undefined {
    if (this.#taken >= this.#limits.total) return undefined;
    let first = -1;
    let [firstLater, firstUser] = [Infinity, Infinity];
    for (const [index, waiting] of this.#waiting.entries()) {
      if (!this.#mayStart(waiting)) continue;
      const user = this.#userTurns.get(waiting.owner.user) ?? 0;
      const later = Math.max(user, this.#groupTurns.get(waiting.owner.group) ?? 0);
      if (later < firstLater || (later === firstLater && user < firstUser)) {
        [first, firstLater, firstUser] = [index, later, user];
      }
    }
    return first < 0 ? undefined : this.#waiting.splice(first, 1)[0];
  }

  #mayStart({ owner, isLong }: Waiting): boolean {
    const { group, user, long } = this.#limits;
    if ((this.#ofGroup.get(owner.group) ?? 0) >= group || (this.#ofUser.get(owner.user) ?? 0) >= user) return false;
    return !isLong || this.#takenLong < long;
  }
}

function add(counts: Map<string, number>, key: string, change: 1 | -1): void {
  const count = (counts.get(key) ?? 0) + change;
  if (count > 0) counts.set(key, count);
  else counts.delete(key);
}
