import { outputWidth, widenInput, createModel, type NetworkModel } from "./network-model.ts";
import { checkCount, checkIndex, checkRequest, checkTraining } from "./check-run.ts";
import { MemoryFullError } from "./memory-full-error.ts";
import type { Engine } from "./engine.ts";
import { figuresOf, type NetworkFigures } from "./network-figures.ts";
import { cyclesToReduction, reduce } from "./reduce.ts";
import { expandRows, packRows } from "./output-rows.ts";
import { rateAt, updateOf } from "./rate.ts";
import { partOfTraining, TableError, type RequestRun, type TrainRun } from "./run.ts";
import { widenOutput } from "./readout.ts";
import { startsWide, startWide } from "./start-blocks.ts";
import { readCycle, writeCycle } from "./cycle.ts";
import { adoptState, exportState, restoreState } from "./state-file.ts";
import type { InputKind, OutputKind, Template } from "./template/parse-template.ts";

/** What output neurons should show is in memory for so many of them at once, in all samples together: 512 MiB. */
const EXPECTED_MAX = 2 ** 27;

/** A network that grows while it learns. Not safe for concurrent use. */
export class Network {
  readonly #model: NetworkModel;
  readonly #engine: Engine;

  private constructor(model: NetworkModel, engine: Engine) {
    this.#model = model;
    this.#engine = engine;
  }

  /** A fresh network; `seed` (0..2^32-1) decides everything that is random. */
  static create(template: Template, seed: number, engine: Engine): Network {
    return new Network(createModel(template, seed, engine.memoryFor()), engine);
  }

  /** The network that `export` wrote; it continues exactly where that one was. Throws `StateError`. */
  static restore(bytes: Uint8Array, engine: Engine): Network {
    return new Network(restoreState(bytes, engine.memoryFor()), engine);
  }

  /** The same for a file that `checkState` has looked at: what is left to do is to copy it. */
  static adopt(bytes: Uint8Array, engine: Engine): Network {
    return new Network(adoptState(bytes, engine.memoryFor()), engine);
  }

  /** Everything as a safetensors file. */
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

  /** Trained samples. */
  get cycle(): number {
    return readCycle(this.#model.state.arrays.header);
  }

  /** Something carries over from one cycle to the next: even a request changes the state then. */
  get remembers(): boolean {
    return this.#model.hasMemory || this.#model.hasBackEdges;
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

  /** Makes an output at least `width` external values wide; what it has learnt stays. */
  ensureOutputWidth(index: number, width: number): void {
    checkIndex("output", index, this.template.outputs);
    checkCount(width, "width");
    widenOutput(this.#model, index, width);
  }

  /** Learns from all cycles of a run; inputs and outputs get as wide as its rows. Throws RunError. */
  train(run: TrainRun): void {
    this.#engine.hold(this.#model, () => this.#train(run));
  }

  #train(run: TrainRun): void {
    checkTraining(run, this.template);
    if (run.table !== undefined) throw new TableError("networks of the CPU hold no tables");
    const { cycles, timeLength, schedule } = run;
    if (cycles === 0) return;
    for (const { index, width } of run.inputs) widenInput(this.#model, index, width * timeLength);
    for (const { index, width } of run.expected) widenOutput(this.#model, index, width);
    // All output neurons count, however few of them the run is about.
    const outputs = this.#model.outputNeurons.reduce((sum, neurons) => sum + neurons.length, 0);
    const step = Math.min(run.batchSize, cycles);
    const most = Math.floor(EXPECTED_MAX / Math.max(1, outputs) / step) * step;
    if (most === 0) throw new MemoryFullError(`${step} samples at once are too many for ${outputs} output neurons`);
    if (typeof schedule === "object" && startsWide(this.cycle, schedule.horizon)) startWide(this.#model);
    for (let first = 0; first < cycles;) {
      // Reductions come between steps, after the same ones however samples are cut into runs.
      const toReduction = cyclesToReduction(this.#model, this.cycle);
      const part = { first, cycles: Math.min(cycles - first, most, Math.ceil(toReduction / step) * step) };
      this.#learn(partOfTraining(run, part), step);
      // What an engine knows of the state beside its bytes is out of date when sections went.
      if (part.cycles >= toReduction && reduce(this.#model) > 0) this.#engine.forget(this.#model);
      first += part.cycles;
    }
  }

  #learn(run: TrainRun, step: number): void {
    const { cycles, timeLength, inputs } = run;
    const rates = Float32Array.from({ length: Math.ceil(cycles / step) }, (_, n) => rateAt(run, n * step, this.cycle));
    const { expected, muted } = expandRows(this.#model, run.expected, cycles);
    const steps = { batchSize: step, update: updateOf(run), rates };
    this.#engine.train(this.#model, { cycles, timeLength, inputs, expected, muted, ...steps });
    writeCycle(this.#model.state.arrays.header, this.cycle + cycles);
  }

  /**
   * The external values of each output, [cycles][width], in template order. Nothing grows or learns. Neurons with a
   * memory, and connections that run backwards, carry their values from cycle to cycle and on to the next call. Throws
   * RunError.
   */
  request(run: RequestRun): Float32Array<ArrayBuffer>[] {
    return this.#engine.hold(this.#model, () => {
      checkRequest(run, this.template);
      const shown = this.#engine.request(this.#model, run);
      return this.#model.template.outputs.map((_, index) => packRows(this.#model, index, shown, run.cycles));
    });
  }

  /** Gives the network's memory back. It must not be used afterwards. */
  dispose(): void {
    this.#engine.release(this.#model);
  }
}
