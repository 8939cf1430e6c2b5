import { LongCalls } from "./long-calls.ts";

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
 * A project whose call took too long pauses, see `LongCalls`.
 */
export class HostQueue {
  /** In order of arrival. */
  readonly #waiting: WaitingCall[] = [];
  /** Turn in which each project and cluster had its last call. */
  readonly #projectTurns = new Map<string, number>();
  readonly #clusterTurns = new Map<string, number>();
  readonly #longCalls = new LongCalls();
  #turn = 0;
  #isBusy = false;
  /** Looks again when a pause may be over. */
  #timer: NodeJS.Timeout | undefined;

  /** Carries out `call` when it is its turn. A call must not wait for another one of the same host. */
  run<T>(owner: CallOwner, call: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ owner, carryOut: () => call().then(resolve, reject) });
      this.#next();
    });
  }

  #next(): void {
    if (this.#isBusy) return;
    clearTimeout(this.#timer);
    if (this.#waiting.length === 0) {
      // Nobody waited, so nobody is owed anything.
      this.#projectTurns.clear();
      this.#clusterTurns.clear();
      return;
    }
    const call = this.#take();
    if (call === undefined) return;
    this.#isBusy = true;
    this.#turn += 1;
    const { projectId, clusterUuid } = call.owner;
    this.#projectTurns.set(projectId, this.#turn);
    this.#clusterTurns.set(clusterUuid, this.#turn);
    const started = performance.now();
    void call.carryOut().finally(() => {
      const ended = performance.now();
      this.#longCalls.note(projectId, started, ended);
      this.#longCalls.tidy(ended);
      this.#isBusy = false;
      this.#next();
    });
  }

  /** The call whose turn it is; undefined while all that wait pause. */
  #take(): WaitingCall | undefined {
    const now = performance.now();
    const turnsOf = ({ owner }: WaitingCall) => [
      this.#projectTurns.get(owner.projectId) ?? 0,
      this.#clusterTurns.get(owner.clusterUuid) ?? 0,
    ];
    let first: number | undefined;
    let waitMs = Infinity;
    for (const [index, call] of this.#waiting.entries()) {
      const pause = this.#longCalls.waitMs(call.owner.projectId, now);
      waitMs = Math.min(waitMs, pause);
      if (pause > 0) continue;
      const [project = 0, cluster = 0] = turnsOf(call);
      const [firstProject = 0, firstCluster = 0] = first === undefined ? [Infinity] : turnsOf(this.#waiting[first]!);
      if (project < firstProject || (project === firstProject && cluster < firstCluster)) first = index;
    }
    if (first !== undefined) return this.#waiting.splice(first, 1)[0];
    this.#timer = setTimeout(() => this.#next(), Math.ceil(waitMs));
    return undefined;
  }
}
