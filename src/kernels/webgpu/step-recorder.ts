import type { NetworkModel } from "../../network/network-model.ts";
import type { Gpu } from "./device.ts";
import type { Feed } from "./feed.ts";
import type { Kernel, Kernels, Scoped } from "./kernels.ts";
import type { NetworkBuffers } from "./network-buffers.ts";

/** Kernels in the order of their first dispatch in a step. */
export const KERNEL_NAMES = [
  "begin",
  "clear",
  "unpack",
  "forward",
  "spike",
  "find-fresh",
  "allocate",
  "grow",
  "split",
  "start-readout",
  "output",
  "error",
  "score",
  "collect-learners",
  "readout-delta",
  "source-delta",
  "sum-deltas",
  "update-readout",
  "update-outputs",
  "update-sections",
  "update-neurons",
  "remember",
  "count-synapses",
] as const;

export type KernelName = (typeof KERNEL_NAMES)[number];

export interface Dispatch {
  kernel: KernelName;
  groups: readonly [number, number?, number?];
  scoped?: Scoped;
}

/** The properties of a network that determine the dispatches of its steps. */
export interface Shape {
  hexagons: readonly { role: "input" | "hidden" | "output"; hasTargets: boolean }[];
  hasMemory: boolean;
  hasBackEdges: boolean;
  /** Numbers of items that get threads, including those that the step may create. */
  blocks: number;
  sections: number;
  tiles: number;
  outputs: number;
}

export function shapeOf(
  model: NetworkModel,
  counts: { block: number; section: number; tile: number; output: number },
): Shape {
  return {
    hexagons: model.hexagons.map(({ role, targets }) => ({ role, hasTargets: targets.length > 0 })),
    hasMemory: model.hasMemory,
    hasBackEdges: model.hasBackEdges,
    blocks: counts.block,
    sections: counts.section,
    tiles: counts.tile,
    outputs: counts.output,
  };
}

/** Samples or sections per workgroup, as in the shaders. */
const FORWARD_TILE = 16;
const SAMPLE_TILE = 8;
const LEARNERS_PER_GROUP = 64;
const SAMPLES_PER_SCORE = 64;
const SECTIONS_PER_GROUP = 64;
const SECTIONS_PER_UPDATE = 4;

/**
 * Upper bounds on the workgroups of a dispatch. Kernels over blocks, sections and tiles share the work among any number
 * of workgroups. On a GPU, one workgroup for each possible item is fastest, even if few items exist yet; in software,
 * each workgroup costs microseconds.
 */
export interface GroupLimits {
  blocks: number;
  sections: number;
}

export const GPU_GROUPS: GroupLimits = { blocks: 8_192, sections: 16_384 };
export const SOFTWARE_GROUPS: GroupLimits = { blocks: 4, sections: 16 };

export interface StepPlan {
  samples: number;
  isTraining: boolean;
  hexagonScopes: readonly Scoped[];
  feed: Feed;
  limits: GroupLimits;
}

/** The dispatches of one step. */
export function* stepDispatches(shape: Shape, step: StepPlan): Generator<Dispatch, void, undefined> {
  const { samples, isTraining, limits } = step;
  const blocks = Math.min(shape.blocks, limits.blocks);
  const sections = Math.min(Math.ceil(shape.sections / SECTIONS_PER_GROUP), limits.sections);
  const sampleTiles = Math.ceil(samples / SAMPLE_TILE);
  yield { kernel: "begin", groups: [1] };
  if (shape.hasBackEdges) yield { kernel: "clear", groups: [blocks, samples] };
  for (const scoped of step.feed.inputs) yield { kernel: "unpack", groups: [blocks, samples], scoped };
  for (const [index, { role, hasTargets }] of shape.hexagons.entries()) {
    const scoped = step.hexagonScopes[index]!;
    if (role !== "input") yield { kernel: "forward", groups: [blocks, Math.ceil(samples / FORWARD_TILE)], scoped };
    if (role === "hidden" && shape.hasMemory) yield { kernel: "spike", groups: [blocks], scoped };
    if (!isTraining || !hasTargets) continue;
    yield { kernel: "find-fresh", groups: [blocks], scoped };
    yield { kernel: "allocate", groups: [1], scoped };
    yield { kernel: "grow", groups: [sections], scoped };
    yield { kernel: "split", groups: [1], scoped };
  }
  if (isTraining) yield { kernel: "start-readout", groups: [64] };
  yield { kernel: "output", groups: [shape.outputs, sampleTiles] };
  if (isTraining) yield* backward(shape, step);
  if (shape.hasBackEdges) yield { kernel: "remember", groups: [blocks] };
}

function* backward(
  shape: Shape,
  { samples, hexagonScopes, feed, limits }: StepPlan,
): Generator<Dispatch, void, undefined> {
  const { outputs } = shape;
  const blocks = Math.min(shape.blocks, limits.blocks);
  yield { kernel: "error", groups: [samples], scoped: feed.expected };
  yield { kernel: "score", groups: [Math.ceil(samples / SAMPLES_PER_SCORE)], scoped: feed.expected };
  yield { kernel: "collect-learners", groups: [1] };
  for (const [index, { role }] of [...shape.hexagons.entries()].reverse()) {
    const scoped = hexagonScopes[index]!;
    if (role === "output")
      yield { kernel: "readout-delta", groups: [blocks, Math.ceil(samples / SAMPLE_TILE)], scoped };
    if (role === "hidden")
      yield { kernel: "source-delta", groups: [blocks, 128, Math.ceil(samples / LEARNERS_PER_GROUP)], scoped };
  }
  yield { kernel: "sum-deltas", groups: [blocks] };
  yield { kernel: "update-readout", groups: [Math.min(shape.tiles, limits.blocks), outputs] };
  yield { kernel: "update-outputs", groups: [Math.ceil(outputs / 64)] };
  yield {
    kernel: "update-sections",
    groups: [Math.min(Math.ceil(shape.sections / SECTIONS_PER_UPDATE), limits.sections)],
  };
  yield { kernel: "update-neurons", groups: [blocks] };
}

export function countSynapses(sections: number, limits: GroupLimits): Dispatch {
  return { kernel: "count-synapses", groups: [Math.min(Math.ceil(sections / SECTIONS_PER_GROUP), limits.sections)] };
}

/** Records dispatches in compute passes. Caches their bind groups until a buffer is replaced. */
export class Recorder {
  readonly #gpu: Gpu;
  readonly #kernels = new Map<KernelName, Kernel>();
  #groups = new Map<string, GPUBindGroup>();
  #version = -1;

  private constructor(gpu: Gpu) {
    this.#gpu = gpu;
  }

  static async create(gpu: Gpu, kernels: Kernels): Promise<Recorder> {
    const recorder = new Recorder(gpu);
    const compiled = await Promise.all(KERNEL_NAMES.map((name) => kernels.get(name)));
    KERNEL_NAMES.forEach((name, i) => recorder.#kernels.set(name, compiled[i]!));
    return recorder;
  }

  record(pass: GPUComputePassEncoder, { buffers }: NetworkBuffers, dispatch: Dispatch): void {
    const [x, y = 1, z = 1] = dispatch.groups;
    if (x * y * z === 0) return;
    if (this.#version !== buffers.version) {
      this.#groups = new Map();
      this.#version = buffers.version;
    }
    const kernel = this.#kernels.get(dispatch.kernel)!;
    const key = `${kernel.name} ${dispatch.scoped?.key ?? ""}`;
    let group = this.#groups.get(key);
    if (group === undefined) {
      const entries = kernel.bindings.map(({ binding, name }) => ({
        binding,
        resource: { buffer: dispatch.scoped?.buffers[name] ?? buffers.get(name) },
      }));
      group = this.#gpu.device.createBindGroup({ label: key, layout: kernel.pipeline.getBindGroupLayout(0), entries });
      this.#groups.set(key, group);
    }
    pass.setPipeline(kernel.pipeline);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(x, y, z);
  }

  /** Drops the cached bind groups. Call it before buffers are destroyed. */
  forget(): void {
    this.#version = -1;
  }
}
