import { STREAM_RATE, STREAM_SAMPLES } from "./constants.ts";
import { countedSamples, noDrift, watchDrift, type DriftState } from "./drift.ts";
import { directShare } from "./learning.ts";
import type { RequestRun, Rows, TrainRun } from "./run.ts";

/** Samples of a stream that are learnt together: enough for the batch rule. */
export const STREAM_STEP = 16;
/** Samples of wider networks do not wait: each is learnt at once. */
export const WAITING_VALUES_MAX = 65_536;

/** One sample that waits: a row of each input and output of the run that it came with. */
export interface WaitingSample {
  inputs: Rows[];
  expected: Rows[];
}

/** What a network remembers about the stream that it learns. */
export interface StreamState {
  waiting: WaitingSample[];
  drift: DriftState;
}

/**
 * A stream: samples that come one after another, without an end. Sixteen of them are learnt in one step of the batch
 * rule, which learns much more from them than sixteen single steps. Until then they wait, and answers may lack them. An
 * answer that shows that its client needs them counts them: a copy of the network learns them first, by the online
 * rule; see `isDue`. So no answer changes what is learnt.
 */
export class Stream {
  readonly state: StreamState;

  constructor(state: StreamState = { waiting: [], drift: noDrift() }) {
    this.state = state;
  }

  /** Whether there is anything to remember. */
  get isEmpty(): boolean {
    const { waiting, drift } = this.state;
    return waiting.length === 0 && drift.seen === 0 && drift.forgotten === 0;
  }

  /** Samples that wait. */
  get waiting(): number {
    return this.state.waiting.length;
  }

  /**
   * Takes the samples of a run, whose rows may be discarded afterwards. Returns the runs that are to be learnt now, in
   * this order.
   */
  take(run: TrainRun, canWait: boolean): TrainRun[] {
    if (!canWait) return [...this.flush(), { ...run, batchSize: 1, schedule: "direct" }];
    const runs: TrainRun[] = [];
    for (let cycle = 0; cycle < run.cycles; cycle++) {
      const sample = { inputs: rowOf(run.inputs, cycle), expected: rowOf(run.expected, cycle) };
      const [first] = this.state.waiting;
      if (first !== undefined && rowShapes(first) !== rowShapes(sample)) runs.push(...this.flush());
      this.state.waiting.push(sample);
      if (this.waiting === STREAM_STEP) runs.push(runOf(this.#drain(), STREAM_STEP));
    }
    return runs;
  }

  /**
   * Whether a request for a single row must count the samples that wait, of a network with `trained` trained samples:
   * it has learnt nothing yet, or is asked for one of them.
   */
  isDue(run: RequestRun, trained: number): boolean {
    const { waiting } = this.state;
    if (waiting.length === 0 || run.isSingle !== true) return false;
    return trained === 0 || waiting.some(({ inputs }) => isAsked(inputs, run));
  }

  /** The samples that wait, to be learnt now one by one; none wait afterwards. */
  flush(): TrainRun[] {
    const samples = this.#drain();
    return samples.length === 0 ? [] : [runOf(samples, 1)];
  }

  /**
   * A run of `take` or `flush` with its learning rate, for a network with `trained` trained samples. `answer`
   * holds what the network showed for it, [cycles × width] per output, if `watchesErrors` and it has learnt before.
   */
  prepare(run: TrainRun, trained: number, answer?: readonly Float32Array[]): TrainRun {
    const { drift } = this.state;
    if (answer !== undefined) for (const error of squaredErrors(run, answer)) watchDrift(drift, error, trained);
    const counted = countedSamples(drift, trained);
    if (run.batchSize < STREAM_STEP) return { ...run, schedule: directShare(counted) };
    return { ...run, schedule: 1 / (1 + counted / STREAM_SAMPLES), learningRate: STREAM_RATE, weightDecay: 0 };
  }

  #drain(): WaitingSample[] {
    return this.state.waiting.splice(0);
  }
}

const rowOf = (all: readonly Rows[], cycle: number): Rows[] =>
  all.map(({ index, width, values }) => ({ index, width, values: values.slice(cycle * width, (cycle + 1) * width) }));

/** Whether the errors of a run of a stream are to be watched: those of whole steps are. */
export const watchesErrors = ({ batchSize }: TrainRun): boolean => batchSize === STREAM_STEP;

/** A text that is equal for samples whose rows can be joined. */
export function rowShapes({ inputs, expected }: WaitingSample): string {
  const shapes = (all: readonly Rows[]) =>
    all.map(({ index, width, values }) => [index, width, values.BYTES_PER_ELEMENT]);
  return JSON.stringify([shapes(inputs), shapes(expected)]);
}

function runOf(samples: readonly WaitingSample[], batchSize: number): TrainRun {
  const joined = (of: (sample: WaitingSample) => readonly Rows[]) =>
    of(samples[0]!).map(({ index, width, values }, nth): Rows => {
      const all =
        values instanceof Uint8Array
          ? new Uint8Array(samples.length * width)
          : new Float32Array(samples.length * width);
      samples.forEach((sample, row) => all.set(of(sample)[nth]!.values, row * width));
      return { index, width, values: all };
    });
  const rows = { inputs: joined(({ inputs }) => inputs), expected: joined(({ expected }) => expected) };
  return { cycles: samples.length, timeLength: 1, ...rows, batchSize, schedule: "direct" };
}

/** Whether a request for a single row has these inputs. */
function isAsked(inputs: readonly Rows[], { inputs: asked }: RequestRun): boolean {
  if (asked.length !== inputs.length) return false;
  return inputs.every(({ index, width, values }) => {
    const other = asked.find((rows) => rows.index === index);
    return other?.width === width && values.every((value, i) => value === other.values[i]);
  });
}

/**
 * For each sample, the sum of the squared errors of its outputs, each at most 1: outputs of some kinds show large
 * numbers. Samples with NaN among the expected values have none.
 */
function* squaredErrors({ cycles, expected }: TrainRun, answer: readonly Float32Array[]): Generator<number> {
  for (let cycle = 0; cycle < cycles; cycle++) {
    let sum = 0;
    for (const { index, width, values } of expected) {
      const shown = answer[index]!;
      const stride = shown.length / cycles;
      for (let k = 0; k < width; k++) {
        const error = (k < stride ? shown[cycle * stride + k]! : 0) - values[cycle * width + k]!;
        sum += Math.min(1, error * error);
      }
    }
    if (Number.isFinite(sum) && expected.some(({ width }) => width > 0)) yield sum;
  }
}
