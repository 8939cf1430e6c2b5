import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as constants from "../../network/constants.ts";
import { paths } from "../../files/paths.ts";

/** Memory layout of a WGSL struct, in words of four bytes. */
export interface StructLayout {
  words: number;
  /** Offset of a field. Throws for an unknown field. */
  readonly at: (field: string) => number;
}

/** Reads the layouts of the structs in `shaders/lib/types.wgsl`, the only place that defines them. */
export function readStructs(): (name: string) => StructLayout {
  const text = readFileSync(join(paths.shaders, "lib", "types.wgsl"), "utf8").replaceAll(/\/\/.*$/gm, "");
  const layouts = new Map<string, StructLayout>();
  for (const [, name, body] of text.matchAll(/struct (\w+) \{([^}]*)\}/g)) layouts.set(name!, layOut(name!, body!));
  return (name) => {
    const layout = layouts.get(name);
    if (layout === undefined) throw new Error(`types.wgsl has no struct ${name}`);
    return layout;
  };
}

function layOut(struct: string, body: string): StructLayout {
  const fields = new Map<string, number>();
  let words = 0;
  let alignment = 1;
  for (const [, field, type] of body.matchAll(/(\w+):\s*([\w<>]+(?:, \w+>)?)/g)) {
    const { size, align } = sizeOf(type!);
    words = Math.ceil(words / align) * align;
    alignment = Math.max(alignment, align);
    fields.set(field!, words);
    words += size;
  }
  words = Math.ceil(words / alignment) * alignment;
  return {
    words,
    at(field) {
      const offset = fields.get(field);
      if (offset === undefined) throw new Error(`struct ${struct} has no field ${field}`);
      return offset;
    },
  };
}

function sizeOf(type: string): { size: number; align: number } {
  if (type === "u32" || type === "f32") return { size: 1, align: 1 };
  if (type === "vec4f") return { size: 4, align: 4 };
  const fixed = /^array<[uf]32, (\w+)>$/.exec(type);
  if (fixed) return { size: lengthOf(fixed[1]!), align: 1 };
  // A runtime-sized array lies behind the struct's own words.
  if (/^array<[uf]32>$/.test(type)) return { size: 0, align: 1 };
  throw new Error(`type ${type} is not known`);
}

/** Parses a number or the name of a constant in `network/constants.ts`. */
function lengthOf(text: string): number {
  const length = Number(new Map<string, number>(Object.entries(constants)).get(text) ?? text);
  if (Number.isNaN(length)) throw new Error(`the length ${text} is not known`);
  return length;
}
