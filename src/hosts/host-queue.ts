import type { Host } from "./host.ts";
import { LongCalls } from "./long-calls.ts";

/** Who a call is for. */
export interface CallOwner {
  projectId: string;
  clusterUuid: string;
}

interface WaitingCall {
  owner: CallOwner;
  isShort: boolean;
  carryOut(): Promise<void>;
}

/** What a queue has to know of its host. */
export type QueuedHost = Pick<Host, "servesBetween" | "lastTookMs">;

/** A call under way that others may come in the middle of. */
interface RunningCall {
  owner: CallOwner;
  /** Since it began, or went on after others, in ms of the clock. */
  since: number;
  /** The others have their round. */
  isRound: boolean;
  /** What they took together, this time or the last time. */
  roundMs: number;
}

/** A call computes for so long, or as long as the last others took, before others come in the middle of it. */
const QUANTUM_MS = 4;
const quantumOf = ({ roundMs }: RunningCall) => Math.max(QUANTUM_MS, roundMs);

/**
 * Decides whose call a host gets next. One call is under way at a time, so nobody waits behind more than one slice of
 * a project that has had its turn. Turns go round by project, then by cluster: next is the project whose last call is
 * longest ago, and of its clusters that whose last call is longest ago, whatever they wait with. So a project with
 * twenty clusters gets as many turns as a project with one, and who asks now and then comes before who always asks.
 * A project whose call took too long pauses, see `LongCalls`.
 *
 * Where a host `servesBetween`, a call that takes longer than a quantum gives way at the next yield point: every other
 * project has one short call carried out in the middle of it, then it goes on for at least as long as these took.
 */
export class HostQueue {
  readonly #host: QueuedHost;
  /** In order of arrival. */
  readonly #waiting: WaitingCall[] = [];
  /** Turn in which each project and cluster had its last call, or went on with it. */
  readonly #projectTurns = new Map<string, number>();
  readonly #clusterTurns = new Map<string, number>();
  readonly #longCalls = new LongCalls();
  #turn = 0;
  #running: RunningCall | null = null;
  /** A call was sent in the middle of `#running`. It may have ended before that one came to a yield point. */
  #isBetween = false;
  /** Looks again when a pause or a quantum may be over. */
  #timer: NodeJS.Timeout | undefined;

  constructor(host: QueuedHost) {
    this.#host = host;
  }

  /**
   * Carries out `call` when it is its turn. A call must not wait for another one of the same host. One that `isShort` takes
   * about as long as a quantum at most.
   */
  run<T>(owner: CallOwner, call: () => Promise<T>, { isShort = false } = {}): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ owner, isShort, carryOut: () => call().then(resolve, reject) });
      this.#next();
    });
  }

  #next(): void {
    if (this.#isBetween) return;
    clearTimeout(this.#timer);
    if (this.#running !== null) {
      if (this.#host.servesBetween) this.#giveWay(this.#running);
      return;
    }
    if (this.#waiting.length === 0) {
      // Nobody waited, so nobody is owed anything.
      this.#projectTurns.clear();
      this.#clusterTurns.clear();
      return;
    }
    const { call, waitMs } = this.#take(() => true);
    if (call === undefined) this.#lookAgain(waitMs);
    else this.#start(call);
  }

  #start(call: WaitingCall): void {
    const { owner } = call;
    const started = performance.now();
    const running: RunningCall = { owner, since: started, isRound: false, roundMs: 0 };
    this.#running = running;
    this.#countTurn(owner);
    void call.carryOut().finally(() => {
      this.#ended(owner, started);
      this.#running = null;
      this.#next();
    });
    // Others may be waiting already.
    this.#next();
  }

  /** Lets the others have their round when the call has had its quantum. */
  #giveWay(running: RunningCall): void {
    const { projectId } = running.owner;
    const mayCome = ({ isShort, owner }: WaitingCall) =>
      isShort &&
      owner.projectId !== projectId &&
      (this.#projectTurns.get(owner.projectId) ?? 0) < (this.#projectTurns.get(projectId) ?? 0);
    const now = performance.now();
    const quantumLeft = running.since + quantumOf(running) - now;
    if (!running.isRound && quantumLeft > 0) {
      if (this.#waiting.some(({ isShort }) => isShort)) this.#lookAgain(quantumLeft);
      return;
    }
    const { call } = this.#take(mayCome);
    if (call === undefined) {
      this.#goOn(running, now);
      return;
    }
    if (!running.isRound) running.roundMs = 0;
    running.isRound = true;
    this.#isBetween = true;
    this.#countTurn(call.owner);
    void call.carryOut().finally(() => {
      running.roundMs += this.#ended(call.owner, now);
      this.#isBetween = false;
      this.#next();
    });
  }

  /** The round is over, or nobody came. */
  #goOn(running: RunningCall, now: number): void {
    if (running.isRound) {
      running.isRound = false;
      running.since = now;
      this.#countTurn(running.owner);
    }
    if (this.#waiting.some(({ isShort }) => isShort)) this.#lookAgain(quantumOf(running));
  }

  #countTurn({ projectId, clusterUuid }: CallOwner): void {
    this.#turn += 1;
    this.#projectTurns.set(projectId, this.#turn);
    this.#clusterTurns.set(clusterUuid, this.#turn);
  }

  /** Returns what the call took: by itself, where the host knows. Some that fail have not even reached it. */
  #ended({ projectId }: CallOwner, started: number): number {
    const now = performance.now();
    const took = Math.min(this.#host.lastTookMs, now - started);
    this.#longCalls.note(projectId, took, now);
    this.#longCalls.tidy(now);
    return took;
  }

  #lookAgain(ms: number): void {
    this.#timer = setTimeout(() => this.#next(), Math.ceil(ms));
  }

  /** The call whose turn it is among those that may come; none while all of them pause, for at least `waitMs`. */
  #take(mayCome: (call: WaitingCall) => boolean): { call: WaitingCall | undefined; waitMs: number } {
    const now = performance.now();
    const turnsOf = ({ owner }: WaitingCall) => [
      this.#projectTurns.get(owner.projectId) ?? 0,
      this.#clusterTurns.get(owner.clusterUuid) ?? 0,
    ];
    let first: number | undefined;
    let waitMs = Infinity;
    for (const [index, call] of this.#waiting.entries()) {
      if (!mayCome(call)) continue;
      const pause = this.#longCalls.waitMs(call.owner.projectId, now);
      waitMs = Math.min(waitMs, pause);
      if (pause > 0) continue;
      const [project = 0, cluster = 0] = turnsOf(call);
      const [firstProject = 0, firstCluster = 0] = first === undefined ? [Infinity] : turnsOf(this.#waiting[first]!);
      if (project < firstProject || (project === firstProject && cluster < firstCluster)) first = index;
    }
    return { call: first === undefined ? undefined : this.#waiting.splice(first, 1)[0], waitMs };
  }
}
