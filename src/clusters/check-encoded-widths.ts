import type { NetworkEncoders } from "../encoders/network-encoders.ts";
import { widthOf } from "../encoders/table-encoder.ts";
import { widthOfTarget } from "../encoders/targets.ts";
import { EncoderError } from "../encoders/encoder-error.ts";
import { widthExcess } from "../limits/width-excess.ts";
import type { Limits } from "../server/config.ts";

/** Throws EncoderError when an encoder makes more values of a row than an input or output may have. */
export function checkEncodedWidths(
  limits: Pick<Limits, "inputValues" | "outputValues">,
  { inputs, outputs }: NetworkEncoders,
): void {
  const widths = [
    ...Object.entries(inputs).map(([name, table]) => ({ name, what: "input" as const, width: widthOf(table) })),
    ...Object.entries(outputs).map(([name, target]) => ({
      name,
      what: "output" as const,
      width: widthOfTarget(target),
    })),
  ];
  for (const { name, what, width } of widths) {
    const excess = widthExcess(limits, what, width);
    if (excess !== undefined) throw new EncoderError(`'${name}' ${excess} after encoding`);
  }
}
