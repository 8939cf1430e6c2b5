import type { Host } from "./host.ts";
import { LongCalls } from "./long-calls.ts";

/** The project and cluster that a call belongs to. */
export interface CallOwner {
  projectId: string;
  clusterUuid: string;
}

interface WaitingCall {
  owner: CallOwner;
  isShort: boolean;
  carryOut(): Promise<void>;
}

/** The part of a host that its queue uses. */
export type QueuedHost = Pick<Host, "servesBetween" | "lastTookMs">;

/** The running call, at whose yield points other calls may run. */
interface RunningCall {
  owner: CallOwner;
  /** When it started, or resumed after a round, in ms of `performance.now()`. */
  since: number;
  /** Whether a round of other calls is in progress. */
  isRound: boolean;
  /** Total time of the current round, or of the last one. */
  roundMs: number;
}

/** A call computes for at least this long, or for as long as its last round took, before it yields to other calls. */
const QUANTUM_MS = 4;
const quantumOf = ({ roundMs }: RunningCall) => Math.max(QUANTUM_MS, roundMs);

/**
 * Decides which call a host gets next. The host runs one call at a time, so no call waits behind more than one slice of
 * a project that has had its turn. Scheduling is round-robin by project, then by cluster: the least recently served
 * project comes next, and in it the least recently served cluster, whatever kind of call waits. A project with twenty
 * clusters therefore gets as many turns as a project with one, and a project with occasional calls comes before a
 * project with constant load. A project whose call took too long pauses, see `LongCalls`.
 *
 * On a host that `servesBetween`, a call that takes longer than a quantum yields at the next yield point: every other
 * project gets one short call executed there. Then the call resumes for at least as long as these short calls took.
 */
export class HostQueue {
  readonly #host: QueuedHost;
  /** In order of arrival. */
  readonly #waiting: WaitingCall[] = [];
  /** Turn in which each project and cluster last started or resumed a call. */
  readonly #projectTurns = new Map<string, number>();
  readonly #clusterTurns = new Map<string, number>();
  readonly #longCalls = new LongCalls();
  #turn = 0;
  #running: RunningCall | null = null;
  /** A call was sent while `#running` runs. `#running` may end before it reaches a yield point. */
  #isBetween = false;
  /** Calls `#next` again when a pause or a quantum may be over. */
  #timer: NodeJS.Timeout | undefined;

  constructor(host: QueuedHost) {
    this.#host = host;
  }

  /**
   * Executes `call` when it is its turn. A call must not wait for another call of the same host. `isShort` marks a call
   * that takes about a quantum at most.
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
      // No call waits, so no project has a claim to the next turn.
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
    // Other calls may be waiting already.
    this.#next();
  }

  /** Starts or continues a round of other calls once the running call has used its quantum. */
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

  /** Resumes the running call: the round is over, or there was no call for one. */
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

  /**
   * Returns how long the call took: the host's own measurement if there is one. Some calls fail before they reach the
   * host, so the elapsed time is an upper bound.
   */
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

  /** Removes the next call among the eligible ones. None if all of them pause, for at least `waitMs`. */
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
