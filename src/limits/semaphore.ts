/** Who waits for a place: turns go round by `group` (a project, an address) and by `user`. */
export interface SemaphoreOwner {
  group: string;
  user: string;
}

export interface SemaphoreLimits {
  total: number;
  /** Of these, what one group may have. */
  group: number;
  /** What one user may have, whichever groups they come with. */
  user: number;
  /** What jobs that may take long may have together. */
  long: number;
}

interface Waiting {
  owner: SemaphoreOwner;
  isLong: boolean;
  start(): void;
}

/**
 * Carries out only so many jobs at a time. Who waits for a place gets it by turns: first comes the job whose group and
 * user both had their last place longest ago, then the user whose last place is longest ago, then who came first. So
 * neither a group of many users nor a user of many groups gets more turns than others. Nobody has all places: a job of
 * another group and user finds one, unless all of them went to others of its kind.
 */
export class Semaphore {
  readonly #limits: SemaphoreLimits;
  /** In order of arrival. */
  readonly #waiting: Waiting[] = [];
  /** Semaphore that each has now. */
  readonly #ofGroup = new Map<string, number>();
  readonly #ofUser = new Map<string, number>();
  /** Turn in which each got its last one. */
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
    // Nobody waits either, so nobody is owed anything.
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
