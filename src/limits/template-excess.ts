import type { Limits } from "../server/config.ts";
import { parseTemplate } from "../network/template/parse-template.ts";

const tooBig = ({ templateBytes }: Pick<Limits, "templateBytes">) => `is bigger than ${templateBytes} bytes`;

/**
 * How a template exceeds the limits, as the end of a sentence; undefined if it does not. Within the limits, parsing
 * takes at most 5 ms on the server's main thread, and the network is created within a slice. Throws TemplateError for
 * an invalid template.
 */
export function templateExcess(limits: Pick<Limits, "templateBytes" | "hexagons">, text: string): string | undefined {
  const { templateBytes, hexagons } = limits;
  if (Buffer.byteLength(text) > templateBytes) return tooBig(limits);
  if (parseTemplate(text).hexagons.length > hexagons) return `has more than ${hexagons} hexagons`;
  return undefined;
}

/** The same for base64, judged by its length only: decoding a far too long text costs more than refusing it. */
export function base64Excess(limits: Pick<Limits, "templateBytes">, base64: string): string | undefined {
  return base64.length > 4 * Math.ceil(limits.templateBytes / 3) ? tooBig(limits) : undefined;
}
