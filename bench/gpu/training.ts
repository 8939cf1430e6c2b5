import { readFileSync } from "node:fs";
import type { Gpu } from "../../src/kernels/webgpu/device.ts";
import type { GpuNetwork, OnGpu } from "../../src/kernels/webgpu/gpu-network.ts";
import { GPUBufferUsage } from "../../src/kernels/webgpu/webgpu-flags.ts";
import { fromTable } from "../../src/network/run.ts";
import { NEURONS_PER_BLOCK, SYNAPSES_PER_SECTION } from "../../src/network/constants.ts";
import type { Digits } from "../harness/digits.ts";
import { createGpuNetwork, deviceInputs } from "../harness/gpu.ts";
import { rateOf, type Rate } from "../harness/rates.ts";
import { runInTurn, timed } from "../harness/timing.ts";
import { withMethods, withTimestamps, type KernelTime } from "./kernel-times.ts";

/** Steps of one size on a network that has trained for some rounds. */
export interface TrainingRow {
  name: string;
  batchSize: number;
  sections: number;
  samplesPerSecond: Rate;
  microsecondsPerStep: number;
  /** Time of the process's own thread to record and submit a step. */
  recordMicroseconds: number;
  dispatchesPerStep: number;
  readbacksPerStep: number;
  /** The least traffic of a step to and from the device's memory, and the rate achieved. */
  bytesPerStep: number;
  gigabytesPerSecond: number;
}

export interface RequestRow {
  name: string;
  sections: number;
  samplesPerSecond: Rate;
}

/** The cost of one kernel, in total and in microseconds per step. */
export interface KernelRow extends KernelTime {
  perStep: number;
}

interface Plan {
  rounds: number;
  /** Samples of a round. */
  samples: number;
}

/** Trains on `count` of the rows on the device, a different part in every round. */
function train(network: GpuNetwork, digits: Digits, batchSize: number, count: number, round: number) {
  const order = Uint32Array.from({ length: count }, (_, i) => (round * count + i) % digits.count);
  return network.train({ ...fromTable("digits", order), batchSize, schedule: 0.5 });
}

/** The rate per second of `work`, which does `count` things per call. */
async function rate(count: number, rounds: number, work: (round: number) => Promise<unknown>): Promise<Rate> {
  const [found] = await runInTurn([(round) => timed(() => work(round))], { rounds, warmUps: 2 });
  return rateOf(found!.map(({ times }) => (count * 1000) / times.wallMs));
}

export async function trainingRow(
  on: OnGpu,
  digits: Digits,
  { name, batchSize, rounds, samples }: Plan & { name: string; batchSize: number },
): Promise<TrainingRow> {
  const recording = timedRecording(on.gpu);
  const { gpu, counter } = counting(on.gpu);
  const network = await createGpuNetwork({ ...on, gpu: recording.gpu }, digits);
  const counted = await createGpuNetwork({ ...on, gpu, roundMs: Infinity }, digits);
  try {
    const samplesPerSecond = await rate(samples, rounds, (round) => train(network, digits, batchSize, samples, round));
    recording.microseconds = 0;
    await train(network, digits, batchSize, samples, rounds + 2);
    const steps = Math.ceil(samples / batchSize);
    for (const round of [0, 1]) {
      Object.assign(counter, { dispatches: 0, readbacks: 0 });
      await train(counted, digits, batchSize, samples, round);
    }
    const { sections, blocks } = await network.figures();
    const bytesPerStep = stepBytes({ sections, blocks, samples: batchSize, inputs: digits.width });
    const stepsPerSecond = samplesPerSecond.median / batchSize;
    return {
      name,
      batchSize,
      sections,
      samplesPerSecond,
      microsecondsPerStep: 1e6 / stepsPerSecond,
      recordMicroseconds: recording.microseconds / steps,
      dispatchesPerStep: counter.dispatches / steps,
      readbacksPerStep: counter.readbacks / steps,
      bytesPerStep,
      gigabytesPerSecond: (bytesPerStep * stepsPerSecond) / 1e9,
    };
  } finally {
    network.dispose();
    counted.dispose();
  }
}

export async function requestRow(
  on: OnGpu,
  digits: Digits,
  { name, rounds, samples }: Plan & { name: string },
): Promise<RequestRow> {
  const network = await createGpuNetwork(on, digits);
  try {
    for (let round = 0; round < 4; round++) await train(network, digits, 128, Math.min(samples, 4096), round);
    const inputs = deviceInputs(digits);
    const count = Math.min(samples, digits.count);
    const samplesPerSecond = await rate(count, rounds, () => network.request({ cycles: count, timeLength: 1, inputs }));
    return { name, sections: (await network.figures()).sections, samplesPerSecond };
  } finally {
    network.dispose();
  }
}

/** Times each kernel in steps of `batchSize`; null where the device has no timestamps. */
export async function kernelTimes(
  on: OnGpu,
  digits: Digits,
  { batchSize, samples }: { batchSize: number; samples: number },
): Promise<KernelRow[] | null> {
  const timing = withTimestamps(on.gpu);
  if (timing === null) return null;
  // Single steps between two readbacks: the number of timestamps is limited.
  const network = await createGpuNetwork({ ...on, gpu: timing.gpu, roundMs: 0 }, digits);
  try {
    for (let round = 0; round * batchSize < samples; round++) {
      await train(network, digits, batchSize, batchSize, round);
      await timing.read();
    }
    const steps = 8;
    await train(network, digits, batchSize, batchSize * steps, 0);
    const times = await timing.read();
    return times
      .filter(({ kernel }) => kernel !== "count-synapses")
      .map((time) => ({ ...time, perStep: time.microseconds / steps }))
      .sort((a, b) => b.perStep - a.perStep);
  } finally {
    network.dispose();
    timing.close();
  }
}

/**
 * Least bytes that a training step moves between memory and processors with ideal caches: weights and moments, read and
 * written once, and read once more in the forward half; the changes of the weights, written and read; values and
 * deltas, written and read once per half; the samples.
 */
function stepBytes(of: { sections: number; blocks: number; samples: number; inputs: number }): number {
  const perSection = SYNAPSES_PER_SECTION * 4 * (1 + 2 + 2 + 2) + 96 * 3;
  const perNeuron = 4 * 6;
  return of.sections * perSection + of.samples * (of.blocks * NEURONS_PER_BLOCK * perNeuron + of.inputs * (1 + 4 * 4));
}

/** A device that times its recording thread. */
function timedRecording(gpu: Gpu) {
  const timing = { gpu: { ...gpu }, microseconds: 0 };
  timing.gpu.checked = (work) =>
    gpu.checked(() => {
      const before = threadMicroseconds();
      try {
        return work();
      } finally {
        timing.microseconds += threadMicroseconds() - before;
      }
    });
  return timing;
}

/** A device that counts dispatches and readbacks. */
function counting(gpu: Gpu) {
  const { device } = gpu;
  const counter = { dispatches: 0, readbacks: 0 };
  const wrapPass = (pass: GPUComputePassEncoder) =>
    withMethods(pass, {
      dispatchWorkgroups: (x: number, y: number, z: number) => {
        counter.dispatches += 1;
        pass.dispatchWorkgroups(x, y, z);
      },
    });
  const wrapped = withMethods(device, {
    createBuffer: (descriptor: GPUBufferDescriptor) => {
      if ((descriptor.usage & GPUBufferUsage.MAP_READ) !== 0) counter.readbacks += 1;
      return device.createBuffer(descriptor);
    },
    createCommandEncoder: () => {
      const encoder = device.createCommandEncoder();
      return withMethods(encoder, { beginComputePass: () => wrapPass(encoder.beginComputePass()) });
    },
  });
  return { gpu: { ...gpu, device: wrapped }, counter };
}

/** Processor time of this process's main thread; elapsed time where the system does not report it. */
function threadMicroseconds(): number {
  if (process.platform !== "linux") return performance.now() * 1000;
  return Number(readFileSync("/proc/self/schedstat", "utf8").split(" ", 1)[0]) / 1000;
}
