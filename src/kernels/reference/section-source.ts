import { hexagonOf, type NetworkModel } from "../../network/network-model.ts";
import { NEURONS_PER_BLOCK } from "../../network/constants.ts";
import type { Scratch } from "./scratch.ts";
import type { SectionKind } from "../../network/section-kind.ts";

/** The values of a section's source in the samples of a step. */
export class SectionSource {
  readonly kind: SectionKind;
  /** Whether the source is a neuron of an earlier hexagon, which learns from this section. */
  readonly learns: boolean;
  /** Index of the source's value in sample 0, and stride between samples. */
  readonly first: number;
  readonly step: number;
  readonly #values: Float32Array;

  constructor(model: NetworkModel, scratch: Scratch, section: number) {
    const { source, target, lastValue } = model.state.arrays;
    const id = source[section]!;
    const block = Math.floor(id / NEURONS_PER_BLOCK);
    const origin = hexagonOf(model, block);
    // Sources in the same or a later hexagon have not been computed yet, so their previous step's value is used.
    const isBack = origin.index >= hexagonOf(model, target[section]!).index;
    this.kind = origin.feeds;
    this.learns = !isBack && origin.role === "hidden";
    this.first = isBack ? id : scratch.at(block, 0) + (id % NEURONS_PER_BLOCK);
    this.step = isBack ? 0 : NEURONS_PER_BLOCK;
    this.#values = isBack ? lastValue : scratch.value;
  }

  get(sample: number): number {
    return this.#values[this.first + sample * this.step]!;
  }
}

/** The kind of a section, which depends on its source. */
export function kindOf(model: NetworkModel, section: number): SectionKind {
  return hexagonOf(model, Math.floor(model.state.arrays.source[section]! / NEURONS_PER_BLOCK)).feeds;
}
