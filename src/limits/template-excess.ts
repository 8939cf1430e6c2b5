import type { Limits } from "../config.ts";
import { parseTemplate } from "../network/template/parse-template.ts";

/**
 * What is too much about a template, as the end of a sentence; undefined for one that is taken. Those are parsed within 5 ms
 * on the server's main thread, and their networks made within a slice. Throws TemplateError for what is no template.
 */
export function templateExcess(limits: Pick<Limits, "templateBytes" | "hexagons">, text: string): string | undefined {
  const { templateBytes, hexagons } = limits;
  if (Buffer.byteLength(text) > templateBytes) return `is bigger than ${templateBytes} bytes`;
  if (parseTemplate(text).hexagons.length > hexagons) return `has more than ${hexagons} hexagons`;
  return undefined;
}
