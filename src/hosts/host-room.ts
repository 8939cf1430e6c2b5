import { type HostError, isOfKind } from "./host-errors.ts";
import { noRoom } from "./network-failure.ts";

/** How long a network waits for room on a host that is full of networks in use. */
const PATIENCE_MS = 5_000;
/** Interval between two requests for room while somebody waits. */
const ASK_MS = 250;
/** For so long others that fit may pass a network that does not. */
const PASSING_MS = 2_000;
/** How long a network that has needed more room keeps others out from its entry on: less than their patience. */
const HOLD_MS = 4_000;

/** A network that is to be put onto the host. */
interface Entrant {
  projectId: string;
  clusterUuid: string;
  /** Its approximate size; Infinity when unknown. */
  bytes: number;
  /** Ends the wait. */
  signal: AbortSignal;
}

/** A network that waits for room. */
class Waiter {
  readonly entrant: Entrant;
  readonly sinceMs: number;
  /** Number of the last change that it has tried after. */
  triedAfter: number;
  /** Its wait is over. */
  isOver = false;
  /** It has been chosen to try. */
  isChosen = false;
  #wake = () => {};

  constructor(entrant: Entrant, { sinceMs, triedAfter }: { sinceMs: number; triedAfter: number }) {
    this.entrant = entrant;
    this.sinceMs = sinceMs;
    this.triedAfter = triedAfter;
  }

  /** Resolves when it may try, or when its wait is over. */
  async woken(): Promise<void> {
    if (!this.isOver && !this.isChosen) await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  choose(): void {
    this.isChosen = true;
    this.#wake();
  }

  end(): void {
    this.isOver = true;
    this.#wake();
  }
}

/** The network that keeps others out until it has grown. */
interface Hold {
  clusterUuid: string;
  timer: NodeJS.Timeout;
}

/**
 * The queue of the networks for which a host has no room beside those in use. They try again when a network has left or
 * become idle, one after another: first the project whose last turn is longest ago. When one fails, others that need
 * much less may pass it, but only for a while.
 */
export class HostRoom {
  readonly #patienceMs: number;
  readonly #passingMs: number;
  readonly #holdMs: number;
  readonly #waiting = new Set<Waiter>();
  /** Turn in which each project last got room, while somebody waits. */
  readonly #turns = new Map<string, number>();
  /** Since when each cluster has waited, also if it has given up and come back. */
  readonly #arrivals = new Map<string, number>();
  readonly #askers: (() => void)[] = [];
  #turn = 0;
  #isTrying = false;
  /** Counts the changes after which there may be more room. */
  #changes = 0;
  /** Only networks of this size at most may fit, because a larger one has failed since the last change. */
  #bytesMax = Infinity;
  #hold: Hold | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor({ patienceMs = PATIENCE_MS, passingMs = PASSING_MS, holdMs = HOLD_MS } = {}) {
    this.#patienceMs = patienceMs;
    this.#passingMs = passingMs;
    this.#holdMs = holdMs;
  }

  /** Calls `asker` repeatedly while somebody waits; it should make networks leave or become idle. */
  onShortage(asker: () => void): void {
    this.#askers.push(asker);
  }

  /** How often `changed` has been called. */
  get changes(): number {
    return this.#changes;
  }

  /** Call it when a network has left or become idle. */
  changed(): void {
    this.#changes += 1;
    this.#bytesMax = Infinity;
    this.#next();
  }

  /** Call it when this network has grown or become idle, or has left: it keeps others out no longer. */
  release(clusterUuid: string): void {
    if (this.#hold?.clusterUuid !== clusterUuid) return;
    clearTimeout(this.#hold.timer);
    this.#hold = undefined;
    this.changed();
  }

  /** From now on nobody waits. */
  close(): void {
    this.#isClosed = true;
    for (const waiter of this.#waiting) waiter.end();
    clearInterval(this.#timer);
    clearTimeout(this.#hold?.timer);
  }

  /**
   * Puts a network on the host with `attempt`, which rejects with HostError `crowded` while there is no room. Rejects
   * with the last such error when patience is over or the signal aborts. A network that has just shown that it needs
   * more room waits until there have been more `changes` than `after`; then it keeps others out until `release`.
   */
  async enter<T>(entrant: Entrant, attempt: () => Promise<T>, { after }: { after?: number } = {}): Promise<T> {
    const { clusterUuid, signal } = entrant;
    const isLate = after !== undefined;
    const waiter = new Waiter(entrant, {
      sinceMs: this.#arrivals.get(clusterUuid) ?? performance.now(),
      triedAfter: after ?? -1,
    });
    const mayNotWait = this.#isClosed || signal.aborted;
    let failure: HostError | undefined;
    if (mayNotWait || (!isLate && this.#mayTryAtOnce(waiter))) {
      waiter.triedAfter = this.#changes;
      try {
        return this.#entered(waiter, await attempt());
      } catch (error) {
        if (mayNotWait || this.#isClosed || signal.aborted || !isOfKind(error, "crowded")) throw error;
        this.#failed(waiter);
        failure = error;
      }
    }
    this.#waiting.add(waiter);
    this.#arrivals.set(clusterUuid, waiter.sinceMs);
    const end = () => waiter.end();
    const patience = setTimeout(end, this.#patienceMs);
    signal.addEventListener("abort", end);
    this.#ask();
    this.#next();
    try {
      const result = await this.#tryAgain(waiter, attempt, failure);
      if (isLate) this.#holdFor(clusterUuid);
      return result;
    } finally {
      clearTimeout(patience);
      signal.removeEventListener("abort", end);
      this.#leave(waiter);
    }
  }

  async #tryAgain<T>(waiter: Waiter, attempt: () => Promise<T>, failure: HostError | undefined): Promise<T> {
    for (let last = failure; ;) {
      await waiter.woken();
      const { isChosen } = waiter;
      if (!isChosen && last !== undefined) throw last;
      if (!isChosen && this.#isKeptOut(waiter)) throw noRoom("another network needs more of its memory", "crowded");
      try {
        return this.#entered(waiter, await attempt());
      } catch (error) {
        if (waiter.isOver || !isOfKind(error, "crowded")) throw error;
        this.#failed(waiter);
        last = error;
      } finally {
        if (isChosen) this.#isTrying = false;
        waiter.isChosen = false;
      }
      this.#next();
    }
  }

  #entered<T>({ entrant }: Waiter, result: T): T {
    if (this.#waiting.size > 0) this.#turns.set(entrant.projectId, ++this.#turn);
    this.#arrivals.delete(entrant.clusterUuid);
    return result;
  }

  #failed({ entrant, triedAfter }: Waiter): void {
    if (triedAfter === this.#changes) this.#bytesMax = Math.min(this.#bytesMax, entrant.bytes / 2);
  }

  #leave(waiter: Waiter): void {
    this.#waiting.delete(waiter);
    if (this.#waiting.size > 0) {
      this.#next();
      return;
    }
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#turns.clear();
    this.#arrivals.clear();
  }

  /** Whether a newcomer need not wait: the host may well have room for it, and it takes no one's turn. */
  #mayTryAtOnce(newcomer: Waiter): boolean {
    if (this.#isKeptOut(newcomer)) return false;
    const first = this.#first(this.#waiting);
    if (first === undefined || this.#isBefore(newcomer, first)) return true;
    return this.#mayPass(first) && !this.#turns.has(newcomer.entrant.projectId);
  }

  #next(): void {
    if (this.#isTrying) return;
    const there = [...this.#waiting].filter((waiter) => !waiter.isOver && !this.#isKeptOut(waiter));
    const first = this.#first(there);
    if (first === undefined) return;
    const mayTry = ({ triedAfter }: Waiter) => triedAfter < this.#changes;
    const isSmall = ({ entrant: { bytes } }: Waiter) => this.#bytesMax === Infinity || bytes <= this.#bytesMax;
    let chosen: Waiter | undefined = first;
    if (!mayTry(first)) chosen = this.#mayPass(first) ? this.#first(there.filter(mayTry).filter(isSmall)) : undefined;
    if (chosen === undefined) return;
    chosen.triedAfter = this.#changes;
    this.#isTrying = true;
    chosen.choose();
  }

  #first(waiters: Iterable<Waiter>): Waiter | undefined {
    let first: Waiter | undefined;
    for (const waiter of waiters) if (first === undefined || this.#isBefore(waiter, first)) first = waiter;
    return first;
  }

  #isBefore(a: Waiter, b: Waiter): boolean {
    const turnOf = ({ entrant }: Waiter) => this.#turns.get(entrant.projectId) ?? 0;
    return turnOf(a) === turnOf(b) ? a.sinceMs < b.sinceMs : turnOf(a) < turnOf(b);
  }

  #mayPass(first: Waiter): boolean {
    return performance.now() - first.sinceMs < this.#passingMs;
  }

  #isKeptOut({ entrant }: Waiter): boolean {
    return this.#hold !== undefined && this.#hold.clusterUuid !== entrant.clusterUuid;
  }

  #holdFor(clusterUuid: string): void {
    this.#hold ??= { clusterUuid, timer: setTimeout(() => this.release(clusterUuid), this.#holdMs).unref() };
  }

  #ask(): void {
    const ask = () => {
      for (const asker of this.#askers) asker();
    };
    this.#timer ??= setInterval(ask, ASK_MS).unref();
    ask();
  }
}
