import type { Host } from "./host.ts";
import { LongCalls } from "./long-calls.ts";
import { type CallOwner, type Turn, WaitingCalls } from "./waiting-calls.ts";

/** The part of a host that its queue uses. */
export type QueuedHost = Pick<Host, "servesBetween" | "lastTookMs">;

/** The running call, at whose yield points other calls may run. */
interface RunningCall {
  turn: Turn;
  /** When it started, or resumed after a round, in ms of `performance.now()`. */
  since: number;
  /** Time that it had taken by then. */
  tookMs: number;
  /** Whether a round of other calls is in progress. */
  isRound: boolean;
  /** Total time of the current round, or of the last one. */
  roundMs: number;
  /** The part of each project. */
  roundMsOf: Map<string, number>;
}

/** A call computes for at least this long, or for as long as its last round took, before it yields to other calls. */
const QUANTUM_MS = 4;
const quantumOf = ({ roundMs }: RunningCall) => Math.max(QUANTUM_MS, roundMs);
/** An urgent short call within its share that has to wait longer than this would have liked shorter slices. */
const PATIENCE_MS = 10;
/** How long slices stay short after such a call. */
const HURRY_MS = 1000;

/**
 * Decides which call a host gets next. The host runs one call at a time. Projects share its time equally, and so do the
 * clusters of each project: next comes the project, and in it the cluster, that has used the least (`FairShare`). But
 * short calls come before slices of trainings as long as their project and cluster stay within their share, so direct
 * IO waits for one slice at most, however many clusters train. A project with twenty clusters gets as much time as a
 * project with one. A project whose call took too long pauses, see `LongCalls`.
 *
 * On a host that `servesBetween`, a call that takes longer than a quantum yields at the next yield point: short calls
 * within their share run there, a quantum of each project. Then the call resumes for at least as long as these took.
 */
export class HostQueue {
  readonly #host: QueuedHost;
  readonly #waiting = new WaitingCalls();
  readonly #longCalls = new LongCalls();
  #running: RunningCall | null = null;
  /** A call was sent while `#running` runs. `#running` may end before it reaches a yield point. */
  #isBetween = false;
  /** Calls `#next` again when a pause or a quantum may be over. */
  #timer: NodeJS.Timeout | undefined;
  #hurryUntil = 0;

  constructor(host: QueuedHost) {
    this.#host = host;
  }

  /** Whether slices should be shorter than usual, because short calls wait for their ends. */
  get isInHurry(): boolean {
    return !this.#host.servesBetween && performance.now() < this.#hurryUntil;
  }

  /**
   * Executes `call` when it is its turn. A call must not wait for another call of the same host. `isShort` marks a call
   * that takes about a quantum at most, `isUrgent` one that somebody waits for.
   */
  run<T>(owner: CallOwner, call: () => Promise<T>, { isShort = false, isUrgent = false } = {}): Promise<T> {
    return new Promise((resolve, reject) => {
      const came = performance.now();
      const carryOut = ({ isLeading }: Turn) => {
        const now = performance.now();
        if (isUrgent && isLeading && now - came > PATIENCE_MS) this.#hurryUntil = now + HURRY_MS;
        return call().then(resolve, reject);
      };
      this.#waiting.add({ owner, isShort, carryOut });
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
    if (this.#waiting.isEmpty) {
      this.#waiting.reset();
      return;
    }
    const now = performance.now();
    const turn = this.#waiting.take({ onlyShort: false, mayCome: (id) => this.#longCalls.waitMs(id, now) === 0 });
    if (turn === undefined) this.#lookAgain(this.#pauseMs(now));
    else this.#start(turn);
  }

  #start(turn: Turn): void {
    const started = performance.now();
    const running: RunningCall = { turn, since: started, tookMs: 0, isRound: false, roundMs: 0, roundMsOf: new Map() };
    this.#running = running;
    void turn.call.carryOut(turn).finally(() => {
      const sinceMs = running.isRound ? 0 : performance.now() - running.since;
      this.#ended(turn, running.tookMs + sinceMs);
      this.#running = null;
      this.#next();
    });
    // Other calls may be waiting already.
    this.#next();
  }

  /** Starts or continues a round of other calls once the running call has used its quantum. */
  #giveWay(running: RunningCall): void {
    if (!this.#waiting.hasShort && !running.isRound) return;
    const now = performance.now();
    if (!running.isRound) {
      const quantumLeft = running.since + quantumOf(running) - now;
      if (quantumLeft > 0) {
        this.#lookAgain(quantumLeft);
        return;
      }
      running.tookMs += now - running.since;
      running.since = now;
      this.#waiting.charge(running.turn, running.tookMs);
      running.roundMs = 0;
      running.roundMsOf.clear();
    }
    const { roundMsOf } = running;
    const mayCome = (id: string) => (roundMsOf.get(id) ?? 0) < QUANTUM_MS && this.#longCalls.waitMs(id, now) === 0;
    const turn = this.#waiting.take({ onlyShort: true, mayCome });
    if (turn === undefined) {
      this.#goOn(running, now);
      return;
    }
    const { projectId } = turn.call.owner;
    running.isRound = true;
    this.#isBetween = true;
    void turn.call.carryOut(turn).finally(() => {
      const took = this.#ended(turn, performance.now() - now);
      running.roundMs += took;
      roundMsOf.set(projectId, (roundMsOf.get(projectId) ?? 0) + took);
      this.#isBetween = false;
      this.#next();
    });
  }

  /** Resumes the running call: the round is over, or there was no call for one. */
  #goOn(running: RunningCall, now: number): void {
    running.since = now;
    running.isRound = false;
    if (this.#waiting.hasShort) this.#lookAgain(quantumOf(running));
  }

  /**
   * Returns how long the call took: the host's own measurement if there is one. Some calls fail before they reach the
   * host, so the elapsed time is an upper bound.
   */
  #ended(turn: Turn, elapsedMs: number): number {
    const took = Math.min(this.#host.lastTookMs, elapsedMs);
    this.#waiting.end(turn, took);
    this.#longCalls.note(turn.call.owner.projectId, took, performance.now());
    return took;
  }

  #lookAgain(ms: number): void {
    this.#timer = setTimeout(() => this.#next(), Math.ceil(ms));
  }

  /** All calls that wait pause, for at least this long. */
  #pauseMs(now: number): number {
    let ms = Infinity;
    for (const id of this.#waiting.projectIds()) ms = Math.min(ms, this.#longCalls.waitMs(id, now));
    return ms;
  }
}
