import type { Limits } from "../server/config.ts";

type WidthLimits = Pick<Limits, "inputValues" | "outputValues">;

/**
 * How an input or output exceeds the limit on values per cycle, as the end of a sentence; undefined if it does not.
 * Time and memory of a network's first sample are linear in its width.
 */
export function widthExcess(limits: WidthLimits, what: "input" | "output", values: number): string | undefined {
  const valuesMax = what === "input" ? limits.inputValues : limits.outputValues;
  return values > valuesMax ? `has ${values} values, but an ${what} may have ${valuesMax}` : undefined;
}
