import type { Limits } from "../server/config.ts";
import { parseTemplate } from "../network/template/parse-template.ts";

const tooBig = ({ templateBytes }: Pick<Limits, "templateBytes">) => `is bigger than ${templateBytes} bytes`;

/**
 * What is too much about a template, as the end of a sentence; undefined for one that is taken. Those are parsed within 5 ms
 * on the server's main thread, and their networks made within a slice. Throws TemplateError for what is no template.
 */
export function templateExcess(limits: Pick<Limits, "templateBytes" | "hexagons">, text: string): string | undefined {
  const { templateBytes, hexagons } = limits;
  if (Buffer.byteLength(text) > templateBytes) return tooBig(limits);
  if (parseTemplate(text).hexagons.length > hexagons) return `has more than ${hexagons} hexagons`;
  return undefined;
}

/** The same for base64, by its length alone: to look at what is far too long costs more than to refuse it. */
export function base64Excess(limits: Pick<Limits, "templateBytes">, base64: string): string | undefined {
  return base64.length > 4 * Math.ceil(limits.templateBytes / 3) ? tooBig(limits) : undefined;
}
