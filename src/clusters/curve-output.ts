import { targetOf } from "./answers.ts";
import type { NetworkEncoders } from "../encoders/network-encoders.ts";
import type { OutputKind } from "../network/template/parse-template.ts";

/**
 * What the tallies of an output mean. `one-hot`: several plain values, which are classes until a row is none. `bits`:
 * each number is many output neurons, so their errors have no unit.
 */
export type CurveMeasure = "class" | "one-hot" | "bool" | "number" | "bits";

/** An output that a training learns. */
export interface CurveOutput {
  name: string;
  measure: CurveMeasure;
  /** Of a number: what its errors are shares of, in the unit of its column. */
  range: number;
}

/** `width` is the number of values per row. */
export function curveOutput(
  name: string,
  { kind, width, encoders }: { kind: OutputKind; width: number; encoders: NetworkEncoders },
): CurveOutput {
  switch (kind) {
    case "class":
    case "bool":
      return { name, measure: kind, range: 1 };
    case "int":
    case "float":
      return { name, measure: "bits", range: 1 };
    case "plain":
      return { name, measure: width > 1 ? "one-hot" : "number", range: 1 };
    case "number": {
      const target = targetOf(encoders, name);
      const knots = target?.kind === "number" ? target.knots : [0];
      return { name, measure: "number", range: knots.at(-1)! - knots[0]! };
    }
  }
}
