import { Serial } from "../clusters/serial.ts";
import type { SliceColumns } from "../hosts/host.ts";
import { CycleOrder, type Piece } from "./cycle-order.ts";
import type { SliceRows, SliceSource } from "./slice-source.ts";

/** What a window may take in memory. */
const WINDOW_BYTES_MAX = 16 * 1024 * 1024;

interface Window {
  epoch: number;
  window: number;
  /** Place in the epoch of its first cycle. */
  start: number;
  pieces: Piece[];
  /** Cycles of the joined pieces. */
  rows: SliceRows;
  places: Uint32Array;
}

/**
 * Reads a task's rows in an order of its own for every epoch. A batch of neighbouring rows of a sorted table would be a
 * batch of almost equal samples, and the rule learns from how samples differ: on a sine of 1000 rows in order the rms
 * error stayed at 0.21, shuffled it fell to 0.07.
 */
export class ShuffledSource {
  readonly #source: SliceSource;
  readonly #order: CycleOrder;
  readonly #reads = new Serial();
  #window: Window | null = null;
  #cycles: { epoch: number; window: number; cycles: Uint32Array } | null = null;
  /** Where windows lie, one after the other: new memory for each would keep the garbage collector busy. */
  #room: { cycles: number; rows: SliceRows } | null = null;

  /** `seed` decides the order. */
  constructor(source: SliceSource, seed: number) {
    this.#source = source;
    const windowCyclesMax = Math.floor(WINDOW_BYTES_MAX / Math.max(1, source.bytesPerCycle));
    this.#order = new CycleOrder({ period: source.period, windowCyclesMax, seed });
  }

  /** The samples of `cycles` >= 1 cycles of the task from `firstCycle` on, in fresh buffers. */
  read(firstCycle: number, cycles: number): Promise<SliceRows> {
    // All windows lie in the same room, and what was read ahead in vain may still be under way.
    return this.#reads.run(() => this.#read(firstCycle, cycles));
  }

  async #read(firstCycle: number, cycles: number): Promise<SliceRows> {
    const result = this.#source.makeRoom(cycles);
    for (let done = 0; done < cycles;) {
      const { period } = this.#order;
      const cycle = firstCycle + done;
      const place = cycle % period;
      const { rows, places, start } = await this.#enter(Math.floor(cycle / period), place);
      const chosen = places.subarray(place - start, place - start + cycles - done);
      for (const [i, column] of rows.inputs.entries()) copy(column, chosen, result.inputs[i] as SliceColumns, done);
      for (const [i, column] of rows.expected.entries()) copy(column, chosen, result.expected[i] as SliceColumns, done);
      done += chosen.length;
    }
    return result;
  }

  /** Where in the table the windows of these cycles begin. */
  order(firstCycle: number, cycles: number): Uint32Array<ArrayBuffer> {
    const { period } = this.#order;
    const order = new Uint32Array(cycles);
    for (let done = 0; done < cycles;) {
      const epoch = Math.floor((firstCycle + done) / period);
      const place = (firstCycle + done) % period;
      const { window, start } = this.#order.windowAt(epoch, place);
      if (this.#cycles?.epoch !== epoch || this.#cycles.window !== window)
        this.#cycles = { epoch, window, cycles: this.#order.cycles(epoch, window) };
      const chosen = this.#cycles.cycles.subarray(place - start, place - start + cycles - done);
      order.set(chosen, done);
      done += chosen.length;
    }
    return order;
  }

  async #enter(epoch: number, place: number): Promise<Window> {
    const { window, start } = this.#order.windowAt(epoch, place);
    if (this.#window?.epoch === epoch && this.#window.window === window) return this.#window;
    const pieces = this.#order.pieces(epoch, window);
    const count = pieces.reduce((sum, piece) => sum + piece.count, 0);
    // A small table is one piece: every epoch has another order of the same rows.
    const isKnown = this.#window !== null && isSame(this.#window.pieces, pieces);
    const rows = isKnown && this.#room !== null ? this.#room.rows : await this.#join(pieces, count);
    this.#window = { epoch, window, start, pieces, rows, places: this.#order.places(epoch, window, count) };
    return this.#window;
  }

  async #join(pieces: Piece[], count: number): Promise<SliceRows> {
    // What lies there is overwritten, and half of it should a read fail.
    this.#window = null;
    if (this.#room === null || this.#room.cycles < count) {
      this.#room = { cycles: count, rows: this.#source.makeRoom(count) };
    }
    let done = 0;
    for (const piece of pieces) {
      await this.#source.fillSamples(this.#room.rows, done, piece);
      done += piece.count;
    }
    return this.#room.rows;
  }
}

const isSame = (one: Piece[], other: Piece[]) =>
  one.length === other.length && one.every(({ first }, i) => first === other[i]?.first);

/** Narrower rows are copied value by value: a view of each would cost more than its values. */
const VIEW_WIDTH_MIN = 32;

/** Copies the chosen cycles behind the first `done` cycles of the target. */
function copy({ rows, width }: SliceColumns, chosen: Uint32Array, target: SliceColumns, done: number): void {
  for (let i = 0; i < chosen.length; i++) {
    const from = (chosen[i] as number) * width;
    const to = (done + i) * width;
    if (width >= VIEW_WIDTH_MIN) target.rows.set(rows.subarray(from, from + width), to);
    else for (let k = 0; k < width; k++) target.rows[to + k] = rows[from + k] as number;
  }
}
