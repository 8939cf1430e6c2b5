import { canWait, copyModel, outputWidth, widenInput, createModel, type NetworkModel } from "./network-model.ts";
import { checkCount, checkIndex, checkRequest, checkTraining } from "./check-run.ts";
import { MemoryFullError } from "./memory-full-error.ts";
import type { Engine } from "./engine.ts";
import { figuresOf, type NetworkFigures } from "./network-figures.ts";
import { cyclesToReduction, reduce } from "./reduce.ts";
import { expandRows, packRows } from "./output-rows.ts";
import { decayOf, rateAt, updateOf } from "./rate.ts";
import { partOfTraining, TableError, type RequestRun, type RunRows, type TrainRun } from "./run.ts";
import { widenOutput } from "./readout.ts";
import { emptyScores, type RunScores } from "./run-scores.ts";
import { startsWide, startWide } from "./start-blocks.ts";
import { readCycle, writeCycle } from "./cycle.ts";
import { watchesErrors } from "./stream.ts";
import { adoptState, exportState, restoreState } from "./state-file.ts";
import type { InputKind, OutputKind, Template } from "./template/parse-template.ts";

/** Expected values in memory at once, one per output neuron and sample: 512 MiB. */
const EXPECTED_MAX = 2 ** 27;

/** A network that grows while it learns. Not safe for concurrent use. */
export class Network {
  readonly #model: NetworkModel;
  readonly #engine: Engine;
  #scores: RunScores;

  private constructor(model: NetworkModel, engine: Engine) {
    this.#model = model;
    this.#engine = engine;
    this.#scores = emptyScores(model.template);
  }

  /** Creates an empty network. `seed` (0..2^32-1) determines everything that is random. */
  static create(template: Template, seed: number, engine: Engine): Network {
    return new Network(createModel(template, seed, engine.memoryFor()), engine);
  }

  /** Restores a network from the bytes of `export`; it continues exactly where the other stopped. Throws StateError. */
  static restore(bytes: Uint8Array, engine: Engine): Network {
    return new Network(restoreState(bytes, engine.memoryFor()), engine);
  }

  /** Like `restore`, for a file that `checkState` has accepted: copies the arrays without checking them again. */
  static adopt(bytes: Uint8Array, engine: Engine): Network {
    return new Network(adoptState(bytes, engine.memoryFor()), engine);
  }

  /** Returns the whole network as a safetensors file. */
  export(): Uint8Array {
    return this.#engine.hold(this.#model, () => exportState(this.#model));
  }

  get inputs(): { name: string; hexagon: number; kind: InputKind; width: number }[] {
    const { inputWidth } = this.#model.state.arrays;
    return this.#model.template.inputs.map((input, index) => ({ ...input, width: inputWidth[index]! }));
  }

  /** `width` counts external values. */
  get outputs(): { name: string; hexagon: number; kind: OutputKind; width: number }[] {
    return this.#model.template.outputs.map((output, index) => ({
      ...output,
      width: outputWidth(this.#model, index),
    }));
  }

  get template(): Template {
    return this.#model.template;
  }

  get seed(): number {
    return this.#model.seed;
  }

  /**
   * Text of the encoders of its inputs and outputs; empty until they are fitted. They do not change how it computes.
   */
  get encoders(): string {
    return this.#model.encoders;
  }

  set encoders(text: string) {
    this.#model.encoders = text;
  }

  /** Trained samples. */
  get cycle(): number {
    return readCycle(this.#model.state.arrays.header);
  }

  /** Whether values carry over from one cycle to the next; then even a request changes the state. */
  get remembers(): boolean {
    return this.#model.hasMemory || this.#model.hasBackEdges;
  }

  /** The memory that the state takes in its engine. */
  get bytesTaken(): number {
    return this.#engine.bytesOf(this.#model);
  }

  figures(): NetworkFigures {
    return figuresOf(this.#model);
  }

  /** Makes an input at least `width` values wide. */
  ensureInputWidth(index: number, width: number): void {
    checkIndex("input", index, this.template.inputs);
    checkCount(width, "width");
    widenInput(this.#model, index, width);
  }

  /** Makes an output at least `width` external values wide; it keeps what it has learnt. */
  ensureOutputWidth(index: number, width: number): void {
    checkIndex("output", index, this.template.outputs);
    checkCount(width, "width");
    widenOutput(this.#model, index, width);
  }

  /**
   * Learns from all cycles of a run, and widens inputs and outputs to its rows. Those of a stream may wait, see
   * `Stream`; any other run has them learnt before. Throws RunError for an invalid run.
   */
  train(run: TrainRun): void {
    this.#engine.hold(this.#model, () => {
      checkTraining(run, this.template);
      if (run.table !== undefined) throw new TableError("networks of the CPU hold no tables");
      if (run.cycles === 0) return;
      const { stream } = this.#model;
      if (run.schedule === "stream") {
        this.#widen(run);
        return this.#teach(stream.take(run, canWait(this.#model)));
      }
      this.#teach(stream.flush());
      this.#train(run);
    });
  }

  /** Learns what a stream hands out. */
  #teach(runs: readonly TrainRun[]): void {
    for (const run of runs) {
      const answer = this.cycle > 0 && watchesErrors(run) ? this.#answer(run) : undefined;
      this.#train(this.#model.stream.prepare(run, this.cycle, answer));
    }
  }

  #widen({ inputs, expected, timeLength }: RunRows): void {
    for (const { index, width } of inputs) widenInput(this.#model, index, width * timeLength);
    for (const { index, width } of expected) widenOutput(this.#model, index, width);
  }

  #train(run: TrainRun): void {
    const { cycles, schedule } = run;
    this.#widen(run);
    // All output neurons count, even those without rows in this run.
    const outputs = this.#model.outputNeurons.reduce((sum, neurons) => sum + neurons.length, 0);
    const step = Math.min(run.batchSize, cycles);
    const most = Math.floor(EXPECTED_MAX / Math.max(1, outputs) / step) * step;
    if (most === 0) throw new MemoryFullError(`${step} samples at once are too many for ${outputs} output neurons`);
    if (typeof schedule === "object" && startsWide(this.cycle, schedule.horizon)) startWide(this.#model);
    for (let first = 0; first < cycles;) {
      // Reductions happen between steps, and after the same steps no matter how samples are divided into runs.
      const toReduction = cyclesToReduction(this.#model, this.cycle);
      const part = { first, cycles: Math.min(cycles - first, most, Math.ceil(toReduction / step) * step) };
      this.#learn(partOfTraining(run, part), step);
      // Removed sections invalidate what the engine has derived from the state.
      if (part.cycles >= toReduction && reduce(this.#model) > 0) this.#engine.forget(this.#model);
      first += part.cycles;
    }
  }

  #learn(run: TrainRun, step: number): void {
    const { cycles, timeLength, inputs } = run;
    const rates = Float32Array.from({ length: Math.ceil(cycles / step) }, (_, n) => rateAt(run, n * step, this.cycle));
    const { expected, muted } = expandRows(this.#model, run.expected, cycles);
    const steps = { batchSize: step, update: updateOf(run), rates, weightDecay: decayOf(run) };
    this.#engine.train(this.#model, { cycles, timeLength, inputs, expected, muted, ...steps }, this.#scores);
    this.#scores.learningRate = rates.at(-1)!;
    writeCycle(this.#model.state.arrays.header, this.cycle + cycles);
  }

  /** How good its answers were while it learnt, since the last call. */
  takeScores(): RunScores {
    const scores = this.#scores;
    this.#scores = emptyScores(this.template);
    return scores;
  }

  /** Samples of a stream that wait. */
  get waiting(): number {
    return this.#model.stream.waiting;
  }

  /** Whether `request` answers as if the samples that wait were learnt. */
  isDue(run: RequestRun): boolean {
    return this.#model.stream.isDue(run, this.cycle);
  }

  /**
   * Computes the external values of each output, [cycles][width], in template order, without growing or learning.
   * Neurons with a memory and backward connections carry values from cycle to cycle and into the next call. When
   * samples of a stream are due, a copy of the network learns them and answers, unless `isPlain`. Throws RunError for
   * an invalid run.
   */
  request(run: RequestRun, { isPlain = false } = {}): Float32Array<ArrayBuffer>[] {
    checkRequest(run, this.template);
    if (isPlain || !this.isDue(run)) return this.#engine.hold(this.#model, () => this.#answer(run));
    const model = this.#engine.hold(this.#model, () => copyModel(this.#model, this.#engine.memoryFor()));
    const copy = new Network(model, this.#engine);
    try {
      return this.#engine.hold(copy.#model, () => {
        copy.#teach(copy.#model.stream.flush());
        return copy.#answer(run);
      });
    } finally {
      copy.dispose();
    }
  }

  #answer(run: RequestRun): Float32Array<ArrayBuffer>[] {
    const shown = this.#engine.request(this.#model, run);
    return this.#model.template.outputs.map((_, index) => packRows(this.#model, index, shown, run.cycles));
  }

  /** Releases the network's memory. The network must not be used afterwards. */
  dispose(): void {
    this.#engine.release(this.#model);
  }
}
