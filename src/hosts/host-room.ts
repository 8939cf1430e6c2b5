import { isOfKind } from "./host-errors.ts";

/** How long a network waits for room on a host that is full of networks in use. */
const PATIENCE_MS = 5_000;
/** Interval between two requests for room while somebody waits. */
const ASK_MS = 250;

/** A network that waits for room. */
class Waiter {
  readonly projectId: string;
  /** Its patience is over: the next try is the last one. */
  isOver = false;
  /** It has been chosen to try. */
  isChosen = false;
  #wake = () => {};

  constructor(projectId: string) {
    this.projectId = projectId;
  }

  /** Resolves when it may try. */
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

/**
 * The queue of the networks for which a host has no room beside those in use. They try again when a network
 * has left or become idle, one after another: first the project whose last turn is longest ago.
 */
export class HostRoom {
  readonly #patienceMs: number;
  readonly #waiting: Waiter[] = [];
  /** Turn in which each project last got room, while somebody waits. */
  readonly #turns = new Map<string, number>();
  readonly #askers: (() => void)[] = [];
  #turn = 0;
  #isTrying = false;
  /** There may be more room than at the start of the current try. */
  #hasChanged = false;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(patienceMs: number = PATIENCE_MS) {
    this.#patienceMs = patienceMs;
  }

  /** Calls `asker` repeatedly while somebody waits; it should make networks leave or become idle. */
  onShortage(asker: () => void): void {
    this.#askers.push(asker);
  }

  /** Call it when a network has left or become idle. */
  changed(): void {
    this.#hasChanged = true;
    this.#next();
  }

  /** From now on nobody waits. */
  close(): void {
    this.#isClosed = true;
    for (const waiter of this.#waiting) waiter.end();
    clearInterval(this.#timer);
  }

  /**
   * Puts a network on the host with `attempt`, which rejects with HostError `crowded` while there is no room. Rejects
   * with the last such error when patience is over. With `isLate` it waits for others first, because the network has
   * just shown that it needs more room.
   */
  async enter<T>(projectId: string, attempt: () => Promise<T>, { isLate = false } = {}): Promise<T> {
    if (this.#isClosed || (this.#waiting.length === 0 && !isLate)) {
      try {
        return await attempt();
      } catch (error) {
        if (this.#isClosed || !isOfKind(error, "crowded")) throw error;
      }
    }
    const waiter = new Waiter(projectId);
    if (isLate && this.#waiting.length === 0) this.#hasChanged = false;
    this.#waiting.push(waiter);
    const patience = setTimeout(() => waiter.end(), this.#patienceMs);
    this.#ask();
    this.#next();
    try {
      return await this.#tryAgain(waiter, attempt);
    } finally {
      clearTimeout(patience);
      this.#leave(waiter);
    }
  }

  async #tryAgain<T>(waiter: Waiter, attempt: () => Promise<T>): Promise<T> {
    for (;;) {
      await waiter.woken();
      try {
        const result = await attempt();
        this.#turns.set(waiter.projectId, ++this.#turn);
        // There may be room for one more.
        this.#hasChanged = true;
        return result;
      } catch (error) {
        if (waiter.isOver || !isOfKind(error, "crowded")) throw error;
      } finally {
        if (waiter.isChosen) this.#isTrying = false;
        waiter.isChosen = false;
      }
      this.#next();
    }
  }

  #leave(waiter: Waiter): void {
    this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
    if (this.#waiting.length > 0) {
      this.#next();
      return;
    }
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#turns.clear();
  }

  #next(): void {
    if (this.#isTrying || !this.#hasChanged) return;
    const turnOf = ({ projectId }: Waiter) => this.#turns.get(projectId) ?? 0;
    let first: Waiter | undefined;
    for (const waiter of this.#waiting) if (first === undefined || turnOf(waiter) < turnOf(first)) first = waiter;
    if (first === undefined) return;
    this.#hasChanged = false;
    this.#isTrying = true;
    first.choose();
  }

  #ask(): void {
    const ask = () => {
      for (const asker of this.#askers) asker();
    };
    this.#timer ??= setInterval(ask, ASK_MS).unref();
    ask();
  }
}
