import { parseArgs } from "node:util";

type Value = boolean | number | string | number[];

type Options<T extends Record<string, Value>> = {
  [K in keyof T]: T[K] extends boolean
    ? boolean
    : T[K] extends number
      ? number
      : T[K] extends string
        ? string
        : number[];
};

/**
 * Reads `--name value` for each of the defaults. The default's type decides how the value is parsed: a boolean is a
 * flag, a list is comma-separated numbers. Throws for unknown names.
 */
export function readOptions<T extends Record<string, Value>>(
  defaults: T,
  args: string[] = process.argv.slice(2),
): Options<T> {
  const entries = Object.entries(defaults);
  const isFlag = (value: Value) => typeof value === "boolean";
  const { values } = parseArgs({
    args,
    options: Object.fromEntries(entries.map(([name, value]) => [name, { type: isFlag(value) ? "boolean" : "string" }])),
  });
  const read = entries.map(([name, value]) => {
    const given = values[name];
    return [name, typeof given === "string" ? parse(name, given, value) : (given ?? value)];
  });
  return Object.fromEntries(read) as Options<T>;
}

function parse(name: string, text: string, like: Value): Value {
  if (typeof like === "string") return text;
  const numbers = text.split(",").map(Number);
  if (text === "" || numbers.some(Number.isNaN)) throw new Error(`--${name} takes numbers, not '${text}'`);
  return Array.isArray(like) ? numbers : numbers[0]!;
}
