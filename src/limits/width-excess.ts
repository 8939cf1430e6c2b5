import type { Limits } from "../server/config.ts";

type WidthLimits = Pick<Limits, "inputValues" | "outputValues">;

/**
 * What is too much about the values of an input or output in one cycle, as the end of a sentence; undefined when it is
 * not too wide. Time and memory of a network's first sample are linear in its width.
 */
export function widthExcess(limits: WidthLimits, what: "input" | "output", values: number): string | undefined {
  const valuesMax = what === "input" ? limits.inputValues : limits.outputValues;
  return values > valuesMax ? `has ${values} values, but an ${what} may have ${valuesMax}` : undefined;
}
