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
  /** Weight decay of the batch rule. */
  weightDecay: number;
}

const CONTROL = structs("Control");
/** Target device time between two readbacks: long enough to hide their cost. */
export const ROUND_MS = 60;
const ROUND_STEPS_MAX = 256;
/** Steps of one command buffer. The device computes them while the next ones are recorded. */
const SUBMIT_STEPS = 16;
/** Dawn busy-waits for the end of work: a shorter wait is not worth a timer, a longer one would occupy a processor. */
const SLEEP_MS_MIN = 4;
const SLEEP_SHARE = 0.8;
/** Upper bound on a sleep, so that one delay of the device does not cause an equally long sleep later. */
const SLEEP_MS_MAX = 1000;
/** The expected duration of a step falls at once and rises slowly, for the same reason. */
const EXPECTED_RISE = 1.1;

/** The network and the samples of a run's steps. */
export interface StepRun {
  model: NetworkModel;
  network: NetworkBuffers;
  hexagonScopes: readonly Scoped[];
  feed: Feed;
}

/** Runs steps on a device, many of them between two readbacks, and enlarges the pools in between. */
export class StepQueue {
  readonly #gpu: Gpu;
  readonly #recorder: Recorder;
  readonly #limits: GroupLimits;
  readonly #roundMs: number;
  #roundSteps = 1;
  /** Expected minimum duration of a step of this mode and size. */
  #expected = { mode: -1, samples: 0, stepMs: 0 };

  /** `roundMs` is the approximate device time between two readbacks. */
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

/** Estimates the counts after growth. An estimate suffices, because kernels share all work among their workgroups. */
function roomy(counts: Counts): Counts {
  const more = (count: number) => Math.ceil(count * 1.25) + 4;
  return { ...counts, block: more(counts.block), section: more(counts.section), tile: more(counts.tile) };
}

function writeSteps({ buffers }: NetworkBuffers, steps: readonly Step[]): void {
  const { words, at } = structs("Step");
  const table = new DataView(new ArrayBuffer(steps.length * words * 4));
  steps.forEach(({ firstRow, samples, resultRow, rate, weightDecay }, i) => {
    const first = i * words;
    table.setUint32((first + at("first_row")) * 4, firstRow, true);
    table.setUint32((first + at("samples")) * 4, samples, true);
    table.setUint32((first + at("result_row")) * 4, resultRow, true);
    table.setFloat32((first + at("rate")) * 4, rate, true);
    table.setFloat32((first + at("weight_decay")) * 4, weightDecay, true);
  });
  buffers.atLeast("steps", table.byteLength);
  buffers.write("steps", new Uint8Array(table.buffer));
}
