import type { NetworkModel } from "../../src/network/network-model.ts";
import { HEADER } from "../../src/network/layout.ts";
import { MOMENT_KEEP, SQUARE_KEEP, WEIGHT_DECAY } from "../../src/network/constants.ts";
import { emptyScores, type RunScores } from "../../src/network/run-scores.ts";
import type { Scratch } from "../../src/kernels/reference/scratch.ts";
import { NetworkBuffers } from "../../src/kernels/webgpu/network-buffers.ts";
import { EXCLUDED, MODES, NO_OPINION } from "../../src/kernels/webgpu/codes.ts";
import { addScores } from "../../src/kernels/webgpu/score-records.ts";
import { structs } from "../../src/kernels/webgpu/records.ts";
import {
  Recorder,
  shapeOf,
  SOFTWARE_GROUPS,
  stepDispatches,
  type KernelName,
} from "../../src/kernels/webgpu/step-recorder.ts";
import type { Scoped } from "../../src/kernels/webgpu/kernels.ts";
import { GPUBufferUsage } from "../../src/kernels/webgpu/webgpu-flags.ts";
import type { OpenKernels } from "./gpu-support.ts";

/** Fills memory that a kernel must write before any read, which reveals a thread that never ran. */
export const POISON = 12345.5;

const CONTROL = structs("Control");

export interface Settings {
  mode: "batch" | "online";
  rate: number;
  /** Sections and rows before the phase, if it adds new ones. */
  rowsBefore?: number;
}

/** The results of the kernels. */
export interface Outcome {
  model: NetworkModel;
  values: Float32Array;
  deltas: Float32Array;
  shown: Float32Array;
  errors: Float32Array;
  deltaSums: Float32Array;
  learners: number[];
  /** What `score.wgsl` has added up. */
  scores: RunScores;
  control: Uint32Array;
}

/**
 * Runs single kernels on a network and the scratch of a step, both as the reference left them at that point. Sums of
 * deltas and everything named in `poisoned` start as garbage.
 */
export async function runKernels(
  { gpu, kernels }: OpenKernels,
  { model, scratch }: { model: NetworkModel; scratch: Scratch },
  names: readonly KernelName[],
  options: Settings & {
    hexagon?: number;
    poisoned?: readonly ("values" | "deltas" | "errors" | "shown")[];
    slopes?: boolean;
  },
): Promise<Outcome> {
  const { samples } = scratch;
  const network = await NetworkBuffers.upload({ gpu, dropIdle: () => false }, model);
  const { buffers } = network;
  try {
    await network.ensureSamples(Math.max(1, samples));
    const steps = model.state.arrays.header[HEADER.adamSteps]!;
    const learners = [...Array(samples).keys()].filter((q) => scratch.skipped[q] === 0);
    network.writeFields({
      mode: MODES[options.mode],
      samples,
      learning: learners.length,
      rows_started: options.rowsBefore ?? network.counts.row,
    });
    const floats = {
      rate: options.rate,
      weight_decay: WEIGHT_DECAY,
      moment_correction: 1 - MOMENT_KEEP ** steps,
      square_correction: 1 - SQUARE_KEEP ** steps,
    };
    for (const [field, value] of Object.entries(floats))
      buffers.write("control", Float32Array.of(value), CONTROL.at(field) * 4);
    buffers.write("control", Uint32Array.from(learners), CONTROL.words * 4);
    const blocks = scratch.at(network.counts.block, 0);
    const outputs = samples * scratch.outputStride;
    const fill = (name: "values" | "deltas" | "errors" | "shown", data: Float32Array, used: number) => {
      const poison = options.poisoned?.includes(name) ? new Float32Array(used).fill(POISON) : data.subarray(0, used);
      buffers.atLeast(name, Math.max(4, used * 4));
      buffers.write(name, poison);
    };
    fill("values", scratch.value, blocks);
    fill("deltas", options.slopes ? scratch.slope : scratch.delta, blocks);
    fill("errors", scratch.error, outputs);
    fill("shown", scratch.output, outputs);
    const expected = scratch.expected.slice(0, outputs).map((value, i) => {
      if (scratch.skipped[Math.floor(i / scratch.outputStride)] === 1) return EXCLUDED;
      return Number.isNaN(value) ? NO_OPINION : value;
    });
    const wanted = buffers.create("expected", expected.byteLength);
    buffers.write("expected", expected);
    const order = buffers.create("order", samples * 4);
    buffers.write(
      "order",
      Uint32Array.from({ length: samples }, (_, row) => row),
    );
    buffers.create("steps", 16);

    const recorder = await Recorder.create(gpu, kernels);
    const scopes = model.hexagons.map((_, index) => hexagonScope(network, model, index));
    const shape = shapeOf(model, { ...network.room, output: network.counts.output });
    const plan = [
      ...stepDispatches(shape, {
        samples,
        isTraining: true,
        hexagonScopes: scopes,
        feed: { inputs: [], expected: { key: "expected", buffers: { expected: wanted, order } } },
        limits: SOFTWARE_GROUPS,
      }),
    ];
    await gpu.checked(() => {
      const encoder = gpu.device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      for (const name of names) {
        const ofHexagon = (key: string | undefined) =>
          key === undefined || options.hexagon === undefined || key === `hexagon ${options.hexagon}`;
        const dispatch = plan.find(({ kernel, scoped }) => kernel === name && ofHexagon(scoped?.key));
        if (dispatch) recorder.record(pass, network, dispatch);
      }
      pass.end();
      gpu.device.queue.submit([encoder.finish()]);
    });
    const control = await network.readControl();
    network.adopt(control);
    const found = await buffers.read({
      values: blocks,
      deltas: blocks,
      shown: outputs,
      errors: outputs,
      control: CONTROL.words + samples,
      neurons: network.counts.block * 128 * structs("Neuron").words,
    });
    const float = (name: string) => new Float32Array(found[name]!.buffer);
    const neuron = structs("Neuron");
    const neurons = float("neurons");
    const scores = emptyScores(model.template);
    addScores(scores, (await network.readWithScores({}))["scores"]!);
    return {
      scores,
      model: await network.download(model.state.arrays.header),
      values: float("values"),
      deltas: float("deltas"),
      shown: float("shown"),
      errors: float("errors"),
      deltaSums: Float32Array.from(
        { length: network.counts.block * 128 },
        (_, i) => neurons[i * neuron.words + neuron.at("delta_sum")]!,
      ),
      learners: [...found["control"]!.subarray(CONTROL.words, CONTROL.words + control[CONTROL.at("learning")]!)],
      control,
    };
  } finally {
    network.destroy();
  }
}

export function hexagonScope({ buffers }: NetworkBuffers, model: NetworkModel, index: number): Scoped {
  const { settings } = model.template;
  const { words, at } = structs("Scope");
  const data = new DataView(new ArrayBuffer(words * 4));
  data.setUint32(at("hexagon") * 4, index, true);
  data.setUint32(at("has_memory") * 4, model.hasMemory && model.hexagons[index]!.role === "hidden" ? 1 : 0, true);
  data.setFloat32(at("cooldown") * 4, settings.neuronCooldown, true);
  data.setUint32(at("refractory_time") * 4, settings.refractoryTime, true);
  const name = `scope ${index}`;
  const scope = buffers.create(name, data.byteLength, GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST);
  buffers.write(name, new Uint8Array(data.buffer));
  return { key: `hexagon ${index}`, buffers: { scope } };
}
