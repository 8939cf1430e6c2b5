import { parseEncoders, type NetworkEncoders } from "../encoders/network-encoders.ts";
import { decode, type ClassTarget, type FittedTarget, type NumberTarget } from "../encoders/targets.ts";
import type { NetworkInfo, RequestReport } from "../hosts/host.ts";
import type { Template } from "../network/template/parse-template.ts";

/** The answers of one output in consecutive rows. */
export type Answer = { name: string } & (
  | { kind: "values"; width: number; values: Float32Array<ArrayBuffer> }
  | { kind: "class"; target: ClassTarget; labels: Uint32Array; probabilities: Float32Array }
  | { kind: "number"; target: NumberTarget; values: Float32Array }
);

const NO_ENCODERS: NetworkEncoders = { inputs: {}, outputs: {} };

/** Encoders that were parsed last, by their text; the one that was used longest ago comes first. */
const parsed = new Map<string, NetworkEncoders>();
const PARSED_MAX = 32;

/** The encoders of a network on its host. They must not be changed. */
export function encodersOf({ encoders: text }: Pick<NetworkInfo, "encoders">): NetworkEncoders {
  if (text === "") return NO_ENCODERS;
  const encoders = parsed.get(text) ?? parseEncoders(text);
  parsed.delete(text);
  parsed.set(text, encoders);
  const [oldest] = parsed.keys();
  if (parsed.size > PARSED_MAX) parsed.delete(oldest as string);
  return encoders;
}

export const tableOf = ({ inputs }: NetworkEncoders, name: string) =>
  Object.hasOwn(inputs, name) ? inputs[name] : undefined;

/** The offsets of a plain input's columns; undefined when it has none. */
export const offsetsOf = ({ offsets = {} }: NetworkEncoders, name: string): readonly number[] | undefined =>
  Object.hasOwn(offsets, name) ? offsets[name] : undefined;

export const targetOf = ({ outputs }: NetworkEncoders, name: string): FittedTarget | undefined =>
  Object.hasOwn(outputs, name) ? outputs[name] : undefined;

/**
 * The answer of each named output, in template order. Where an encoder stands behind an output, the answers of its
 * positions are averaged and decoded; an output that has learnt nothing yet answers its values, of which there are
 * none.
 */
export function answersOf(
  template: Template,
  encoders: NetworkEncoders,
  { outputs }: Pick<RequestReport, "outputs">,
  rows: number,
): Answer[] {
  const names = new Set(template.outputs.map(({ name }) => name));
  return [...names].map((name): Answer => {
    const members = outputs.filter((output) => output.name === name);
    const target = targetOf(encoders, name);
    if (target === undefined) return { name, kind: "values", ...firstOf(members) };
    if (target.kind === "class") return { name, kind: "class", target, ...decode(target, members, rows) };
    return { name, kind: "number", target, ...decode(target, members, rows) };
  });
}

function firstOf([member]: RequestReport["outputs"]) {
  return { width: member?.width ?? 0, values: member?.values ?? new Float32Array() };
}
