import { DRAW, draw } from "../network/random.ts";

/** Consecutive cycles that are read together. */
export interface Piece {
  first: number;
  count: number;
}

/** Number of pieces that are shuffled together: neighbouring rows of a sorted table end up far apart. */
const PIECES_PER_WINDOW = 16;
const PIECE_CYCLES_MAX = 256;

/**
 * The order in which a task visits the cycles of its data: different in every epoch, reproducible from the seed. A
 * table that fits into one window is shuffled uniformly. A longer table is cut into pieces; each window shuffles the
 * cycles of sixteen random pieces, so that only one window has to be in memory.
 */
export class CycleOrder {
  /** Cycles of one epoch. */
  readonly period: number;
  readonly #seed: number;
  readonly #pieceCycles: number;
  readonly #pieceCount: number;
  #epoch = -1;
  #pieces: Uint32Array = new Uint32Array(0);

  /** `windowCyclesMax` bounds the cycles of a window; a window has at least one. */
  constructor({ period, windowCyclesMax, seed }: { period: number; windowCyclesMax: number; seed: number }) {
    this.period = period;
    this.#seed = seed;
    this.#pieceCycles = Math.max(1, Math.min(PIECE_CYCLES_MAX, Math.floor(windowCyclesMax / PIECES_PER_WINDOW)));
    this.#pieceCount = Math.ceil(period / this.#pieceCycles);
  }

  /** The window that contains a position of an epoch, and the position where that window starts. */
  windowAt(epoch: number, position: number): { window: number; start: number } {
    this.#enter(epoch);
    const full = PIECES_PER_WINDOW * this.#pieceCycles;
    let window = Math.floor(position / full);
    if (this.#startOf(window + 1) <= position) window += 1;
    return { window, start: this.#startOf(window) };
  }

  /** The pieces of a window. */
  pieces(epoch: number, window: number): Piece[] {
    this.#enter(epoch);
    const chosen = this.#pieces.subarray(window * PIECES_PER_WINDOW, (window + 1) * PIECES_PER_WINDOW);
    return Array.from(chosen, (piece) => ({ first: piece * this.#pieceCycles, count: this.#cyclesOf(piece) }));
  }

  /** The shuffled order of a window's `count` cycles: position → index in the joined pieces. */
  positions(epoch: number, window: number, count: number): Uint32Array {
    return shuffled(count, (i) => draw(this.#seed, DRAW.cycleOrder + window, epoch, i));
  }

  /** The cycles of a window in shuffled order. */
  cycles(epoch: number, window: number): Uint32Array {
    const joined = this.pieces(epoch, window).flatMap(({ first, count }) =>
      Array.from({ length: count }, (_, i) => first + i),
    );
    return this.positions(epoch, window, joined.length).map((position) => joined[position] as number);
  }

  #enter(epoch: number): void {
    if (epoch === this.#epoch) return;
    this.#epoch = epoch;
    this.#pieces = shuffled(this.#pieceCount, (i) => draw(this.#seed, DRAW.pieceOrder, epoch, i));
  }

  #cyclesOf(piece: number): number {
    return Math.min(this.#pieceCycles, this.period - piece * this.#pieceCycles);
  }

  /** First position of a window. All pieces are full except the table's last one, which may be in any window. */
  #startOf(window: number): number {
    const before = Math.min(window * PIECES_PER_WINDOW, this.#pieceCount);
    const short = this.#pieceCycles - this.#cyclesOf(this.#pieceCount - 1);
    const hasShort = this.#pieces.subarray(0, before).includes(this.#pieceCount - 1);
    return before * this.#pieceCycles - (hasShort ? short : 0);
  }
}

/** A permutation of 0 … count − 1 (Fisher and Yates). */
export function shuffled(count: number, random: (i: number) => number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = random(i) % (i + 1);
    const moved = order[i] as number;
    order[i] = order[j] as number;
    order[j] = moved;
  }
  return order;
}
