import { setTimeout as sleep } from "node:timers/promises";
import { MODES } from "./codes.ts";
import type { NetworkModel } from "../../network/network-model.ts";
import type { Gpu } from "./device.ts";
import type { Feed } from "./feed.ts";
import type { NetworkBuffers } from "./network-buffers.ts";
import { structs, type Counts } from "./records.ts";
import { shapeOf, stepDispatches, type GroupLimits, type Recorder } from "./step-recorder.ts";
import type { Scoped } from "./kernels.ts";

export interface Step {
  firstRow: number;
  samples: number;
  resultRow: number;
  rate: number;
}

const CONTROL = structs("Control");
/** What is submitted between two readbacks is worth about this much time: long enough to hide their cost. */
export const ROUND_MS = 60;
const ROUND_STEPS_MAX = 256;
/** Steps of one command buffer: the device computes them while the next ones are being recorded. */
const SUBMIT_STEPS = 16;
/** Dawn looks for the end of work without a pause: a shorter wait is not worth a timer, a longer one would cost a processor. */
const SLEEP_MS_MIN = 4;
const SLEEP_SHARE = 0.8;
/** However long steps took: a device that was held up once must not be waited for so long again. */
const SLEEP_MS_MAX = 1000;
/** An expectation falls at once and rises slowly, for the same reason. */
const EXPECTED_RISE = 1.1;

/** What the steps of a run work on. */
export interface StepRun {
  model: NetworkModel;
  network: NetworkBuffers;
  hexagonScopes: readonly Scoped[];
  feed: Feed;
}

/** Has a device compute steps, many of them between two readbacks, and grows the pools in between. */
export class StepQueue {
  readonly #gpu: Gpu;
  readonly #recorder: Recorder;
  readonly #limits: GroupLimits;
  readonly #roundMs: number;
  #roundSteps = 1;
  /** What a step of this kind is expected to take at least. */
  #expected = { mode: -1, samples: 0, stepMs: 0 };

  /** `roundMs` is about how long the device works between two readbacks. */
  constructor(gpu: Gpu, recorder: Recorder, { limits, roundMs }: { limits: GroupLimits; roundMs: number }) {
    this.#gpu = gpu;
    this.#recorder = recorder;
    this.#limits = limits;
    this.#roundMs = roundMs;
  }

  async run(steps: readonly Step[], mode: number, { model, network, hexagonScopes, feed }: StepRun): Promise<void> {
    writeSteps(network, steps);
    network.writeFields({ mode, steps: steps.length, next_step: 0, halted: 0 });
    const samples = steps[0]?.samples ?? 0;
    if (this.#expected.mode !== mode || this.#expected.samples !== samples) {
      // Steps of another kind may take a thousand times as long.
      this.#expected = { mode, samples, stepMs: 0 };
      this.#roundSteps = 1;
    }
    for (let next = 0; next < steps.length;) {
      const round = steps.slice(next, next + this.#roundSteps);
      const started = performance.now();
      const shape = shapeOf(model, roomy(network.counts));
      const plan = { isTraining: mode !== MODES.request, hexagonScopes, feed, limits: this.#limits };
      await this.#gpu.checked(() => {
        for (let first = 0; first < round.length; first += SUBMIT_STEPS) {
          const encoder = this.#gpu.device.createCommandEncoder();
          const pass = encoder.beginComputePass();
          for (const step of round.slice(first, first + SUBMIT_STEPS))
            for (const dispatch of stepDispatches(shape, { ...plan, samples: step.samples }))
              this.#recorder.record(pass, network, dispatch);
          pass.end();
          this.#gpu.device.queue.submit([encoder.finish()]);
        }
      });
      const left = this.#expected.stepMs * round.length * SLEEP_SHARE - (performance.now() - started);
      if (left > SLEEP_MS_MIN) await sleep(Math.min(left, SLEEP_MS_MAX));
      const control = await network.readControl();
      network.adopt(control);
      next = control[CONTROL.at("next_step")]!;
      if (control[CONTROL.at("halted")] !== 0) await network.makeRoom();
      else this.#pace(performance.now() - started, round.length);
    }
  }

  #pace(elapsedMs: number, steps: number): void {
    const stepMs = elapsedMs / steps;
    const { stepMs: expected } = this.#expected;
    this.#expected.stepMs = expected === 0 ? stepMs : Math.min(stepMs, expected * EXPECTED_RISE);
    if (elapsedMs < this.#roundMs && steps === this.#roundSteps)
      this.#roundSteps = Math.min(ROUND_STEPS_MAX, this.#roundSteps * 2);
    else if (elapsedMs > 3 * this.#roundMs) this.#roundSteps = Math.max(1, Math.floor(this.#roundSteps / 2));
  }
}

/** Kernels share whatever there is among the workgroups that they get, so a guess of what will grow is enough. */
function roomy(counts: Counts): Counts {
  const more = (count: number) => Math.ceil(count * 1.25) + 4;
  return { ...counts, block: more(counts.block), section: more(counts.section), tile: more(counts.tile) };
}

function writeSteps({ buffers }: NetworkBuffers, steps: readonly Step[]): void {
  const { words, at } = structs("Step");
  const table = new DataView(new ArrayBuffer(steps.length * words * 4));
  steps.forEach(({ firstRow, samples, resultRow, rate }, i) => {
    const first = i * words;
    table.setUint32((first + at("first_row")) * 4, firstRow, true);
    table.setUint32((first + at("samples")) * 4, samples, true);
    table.setUint32((first + at("result_row")) * 4, resultRow, true);
    table.setFloat32((first + at("rate")) * 4, rate, true);
  });
  buffers.atLeast("steps", table.byteLength);
  buffers.write("steps", new Uint8Array(table.buffer));
}
