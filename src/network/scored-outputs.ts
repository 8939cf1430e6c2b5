import { CLASS_SHARE } from "../encoders/target-shares.ts";
import { leastProbability } from "../encoders/targets.ts";
import { SCORED_BOOL, SCORED_CLASS, SCORED_NUMBER, SCORED_VALUES } from "./constants.ts";
import type { NetworkModel } from "./network-model.ts";
import type { OutputKind } from "./template/parse-template.ts";

const SCORED_KINDS: Record<OutputKind, number> = {
  plain: SCORED_VALUES,
  int: SCORED_VALUES,
  float: SCORED_VALUES,
  bool: SCORED_BOOL,
  class: SCORED_CLASS,
  number: SCORED_NUMBER,
};

/** All positions of the outputs with one name, whose answers are averaged. */
export interface ScoredPositions {
  /** One of the constants `SCORED_…`. */
  kind: number;
  /** The output neurons of each position. The targets are those of the first one. */
  positions: readonly (readonly number[])[];
  /** Values of the widest position. */
  width: number;
  /** What the value of the class is taught as, as a 32-bit float. */
  wanted: number;
  /** What is subtracted from a value to get the share of its class, and the least share. */
  other: number;
  least: number;
}

/** The outputs of a network by name, in the order of `RunScores`. */
export function scoredOutputs({ template, outputNeurons }: NetworkModel): ScoredPositions[] {
  const byName = new Map<string, number[]>();
  for (const [index, { name }] of template.outputs.entries()) byName.set(name, [...(byName.get(name) ?? []), index]);
  return [...byName.values()].map((indices) => {
    const positions = indices.map((index) => outputNeurons[index]!);
    const { kind } = template.outputs[indices[0]!]!;
    const width = Math.max(...positions.map(({ length }) => length));
    const isCoded = kind === "class";
    return {
      kind: SCORED_KINDS[kind],
      positions,
      width,
      wanted: isCoded ? Math.fround(CLASS_SHARE) : 1,
      other: isCoded ? (1 - CLASS_SHARE) / Math.max(1, width - 1) : 0,
      least: isCoded ? leastProbability(width) : 0,
    };
  });
}
