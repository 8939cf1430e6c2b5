/** Who a call is for. */
export interface CallOwner {
  projectId: string;
  clusterUuid: string;
}

interface WaitingCall {
  owner: CallOwner;
  carryOut(): Promise<void>;
}

/**
 * Decides whose call a host gets next. One call is under way at a time, so nobody waits behind more than one slice of
 * a project that has had its turn. Turns go round by project, then by cluster: next is the project whose last call is
 * longest ago, and of its clusters that whose last call is longest ago, whatever they wait with. So a project with
 * twenty clusters gets as many turns as a project with one, and who asks now and then comes before who always asks.
 */
export class HostQueue {
  /** In order of arrival. */
  readonly #waiting: WaitingCall[] = [];
  /** Turn in which each project and cluster had its last call. */
  readonly #projectTurns = new Map<string, number>();
  readonly #clusterTurns = new Map<string, number>();
  #turn = 0;
  #isBusy = false;

  /** Carries out `call` when it is its turn. A call must not wait for another one of the same host. */
  run<T>(owner: CallOwner, call: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ owner, carryOut: () => call().then(resolve, reject) });
      this.#next();
    });
  }

  #next(): void {
    if (this.#isBusy) return;
    const call = this.#take();
    if (call === undefined) {
      // Nobody waited, so nobody is owed anything.
      this.#projectTurns.clear();
      this.#clusterTurns.clear();
      return;
    }
    this.#isBusy = true;
    this.#turn += 1;
    this.#projectTurns.set(call.owner.projectId, this.#turn);
    this.#clusterTurns.set(call.owner.clusterUuid, this.#turn);
    void call.carryOut().finally(() => {
      this.#isBusy = false;
      this.#next();
    });
  }

  #take(): WaitingCall | undefined {
    const turnsOf = ({ owner }: WaitingCall) => [
      this.#projectTurns.get(owner.projectId) ?? 0,
      this.#clusterTurns.get(owner.clusterUuid) ?? 0,
    ];
    let first = 0;
    for (let index = 1; index < this.#waiting.length; index++) {
      const [project = 0, cluster = 0] = turnsOf(this.#waiting[index]!);
      const [firstProject = 0, firstCluster = 0] = turnsOf(this.#waiting[first]!);
      if (project < firstProject || (project === firstProject && cluster < firstCluster)) first = index;
    }
    return this.#waiting.splice(first, 1)[0];
  }
}
