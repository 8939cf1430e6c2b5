import { EncoderError } from "../encoders/encoder-error.ts";
import { parseEncoders, type NetworkEncoders } from "../encoders/network-encoders.ts";
import { StateError } from "./state-error.ts";
import type { Template } from "./template/parse-template.ts";

/** Throws StateError unless the text of an untrusted file holds encoders of the template's inputs and outputs. */
export function checkEncoders(text: string, template: Template): void {
  if (text === "") return;
  let encoders: NetworkEncoders;
  try {
    encoders = parseEncoders(text);
  } catch (cause) {
    if (cause instanceof EncoderError) throw new StateError(`its encoders are not valid: ${cause.message}`, { cause });
    throw cause;
  }
  const kinds = (ports: Template["inputs"] | Template["outputs"]) =>
    new Map(ports.map(({ name, kind }) => [name, kind] as const));
  const [inputs, outputs] = [kinds(template.inputs), kinds(template.outputs)];
  for (const name of Object.keys(encoders.inputs)) {
    if (inputs.get(name) !== "table") throw new StateError("an encoder belongs to no input");
  }
  for (const name of Object.keys(encoders.offsets ?? {})) {
    if (inputs.get(name) !== "plain") throw new StateError("an offset belongs to no plain input");
  }
  for (const [name, { kind }] of Object.entries(encoders.outputs)) {
    if (outputs.get(name) !== kind) throw new StateError("an encoder belongs to no output");
  }
}
