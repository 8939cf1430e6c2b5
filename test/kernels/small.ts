import { createCluster, hexagonOf, widenInput, type Cluster, type Hexagon } from "../../src/network/cluster.ts";
import { NEURONS_PER_BLOCK } from "../../src/network/constants.ts";
import { widenOutput } from "../../src/network/readout.ts";
import { Scratch } from "../../src/network/scratch.ts";
import { allocate } from "../../src/kernels/reference/allocate.ts";
import { unpack } from "../../src/kernels/reference/unpack.ts";
import { parseTemplate } from "../../src/network/template/parse-template.ts";

/** A cluster of three hexagons in a row, input kind and settings as given. */
export function smallCluster({ kind = "", settings = "", inputs = 1, outputs = 1 } = {}): Cluster {
  const template = parseTemplate(`version: 1 settings: ${settings} hexagons: 1,1,1 2,1,1 3,1,1
    inputs: in: 1,1,1 ${kind} outputs: out: 3,1,1`);
  const cluster = createCluster(template, 1);
  widenInput(cluster, 0, inputs);
  widenOutput(cluster, 0, outputs);
  return cluster;
}

/** A scratch in which the input shows `values`, [sample][width]. */
export function scratchWith(cluster: Cluster, samples: number, values: number[]): Scratch {
  const scratch = new Scratch();
  scratch.begin(cluster, samples);
  unpack(cluster, scratch, 0, Float32Array.from(values), samples === 0 ? 0 : values.length / samples);
  return scratch;
}

export const [INPUT, HIDDEN, OUTPUT] = [0, 1, 2] as const;

export function hexagon(cluster: Cluster, index: number): Hexagon {
  return cluster.hexagons[index]!;
}

/** Gives input value 0 its sections; returns the first of them. */
export function sectionOfInput(cluster: Cluster): number {
  allocate(cluster, scratchWith(cluster, 1, [1]), hexagon(cluster, INPUT));
  return 0;
}

/** Sets ramps, their ends and equal weights of a section. */
export function setSection(cluster: Cluster, section: number, ends: number[], weight: number): void {
  const { arrays } = cluster.state;
  arrays.ramps[section] = ends.length;
  arrays.ends.set(ends, section * 4);
  arrays.weight.fill(weight, section * 128, section * 128 + 128);
}

/** The values of a block's neurons in a sample. */
export function valuesOf(scratch: Scratch, block: number, sample = 0): number[] {
  const at = scratch.at(block, sample);
  return [...scratch.value.subarray(at, at + NEURONS_PER_BLOCK)];
}

export const hexagonIndexOf = (cluster: Cluster, block: number) => hexagonOf(cluster, block).index;
