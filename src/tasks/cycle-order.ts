import { DRAW, draw } from "../network/random.ts";

/** Consecutive cycles that are read together. */
export interface Piece {
  first: number;
  count: number;
}

/** Pieces that are mixed with each other: rows that lie together in a sorted table end far apart. */
const PIECES_PER_WINDOW = 16;
const PIECE_CYCLES_MAX = 256;

/**
 * The order in which a task goes through the cycles of its data: another one for every epoch, the same for the same
 * seed. A table that fits a window is shuffled evenly. A longer one is cut into pieces; a window mixes the cycles of
 * sixteen pieces from anywhere, so that nothing but a window has to be in memory.
 */
export class CycleOrder {
  /** Cycles of one epoch. */
  readonly period: number;
  readonly #seed: number;
  readonly #pieceCycles: number;
  readonly #pieceCount: number;
  #epoch = -1;
  #pieces: Uint32Array = new Uint32Array(0);

  /** `windowCyclesMax` bounds what a window holds; a window has at least one cycle. */
  constructor({ period, windowCyclesMax, seed }: { period: number; windowCyclesMax: number; seed: number }) {
    this.period = period;
    this.#seed = seed;
    this.#pieceCycles = Math.max(1, Math.min(PIECE_CYCLES_MAX, Math.floor(windowCyclesMax / PIECES_PER_WINDOW)));
    this.#pieceCount = Math.ceil(period / this.#pieceCycles);
  }

  /** The window that a place of an epoch falls into, and the place in the epoch where that window starts. */
  windowAt(epoch: number, place: number): { window: number; start: number } {
    this.#enter(epoch);
    const full = PIECES_PER_WINDOW * this.#pieceCycles;
    let window = Math.floor(place / full);
    if (this.#startOf(window + 1) <= place) window += 1;
    return { window, start: this.#startOf(window) };
  }

  /** What a window consists of. */
  pieces(epoch: number, window: number): Piece[] {
    this.#enter(epoch);
    const chosen = this.#pieces.subarray(window * PIECES_PER_WINDOW, (window + 1) * PIECES_PER_WINDOW);
    return Array.from(chosen, (piece) => ({ first: piece * this.#pieceCycles, count: this.#cyclesOf(piece) }));
  }

  /** The order of a window's `count` cycles: place → index in the joined pieces. */
  places(epoch: number, window: number, count: number): Uint32Array {
    return shuffled(count, (i) => draw(this.#seed, DRAW.cycleOrder + window, epoch, i));
  }

  /** The cycles of a window in their order. */
  cycles(epoch: number, window: number): Uint32Array {
    const joined = this.pieces(epoch, window).flatMap(({ first, count }) =>
      Array.from({ length: count }, (_, i) => first + i),
    );
    return this.places(epoch, window, joined.length).map((place) => joined[place] as number);
  }

  #enter(epoch: number): void {
    if (epoch === this.#epoch) return;
    this.#epoch = epoch;
    this.#pieces = shuffled(this.#pieceCount, (i) => draw(this.#seed, DRAW.pieceOrder, epoch, i));
  }

  #cyclesOf(piece: number): number {
    return Math.min(this.#pieceCycles, this.period - piece * this.#pieceCycles);
  }

  /** Windows are full, but for what the last piece of the table, wherever it was put, is short of. */
  #startOf(window: number): number {
    const before = Math.min(window * PIECES_PER_WINDOW, this.#pieceCount);
    const short = this.#pieceCycles - this.#cyclesOf(this.#pieceCount - 1);
    const hasShort = this.#pieces.subarray(0, before).includes(this.#pieceCount - 1);
    return before * this.#pieceCycles - (hasShort ? short : 0);
  }
}

/** A permutation of 0 … count − 1 (Fisher and Yates). */
function shuffled(count: number, random: (i: number) => number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = random(i) % (i + 1);
    const moved = order[i] as number;
    order[i] = order[j] as number;
    order[j] = moved;
  }
  return order;
}
