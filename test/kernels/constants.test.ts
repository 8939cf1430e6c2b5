/** No engine redeclares numbers of `src/network/constants.ts`: copies drift apart. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import * as slots from "../../src/kernels/wasm/slots.ts";
import { structs } from "../../src/kernels/webgpu/records.ts";
import * as constants from "../../src/network/constants.ts";
import { HEADER, LAYOUT } from "../../src/network/layout.ts";
import { paths } from "../../src/files/paths.ts";

const HOME = "src/network/constants.ts";
const ASSEMBLY = "src/kernels/wasm/assembly";
/** Coefficients fitted to a function belong to the function alone. */
const FITTED = [join(ASSEMBLY, "curves.ts"), "shaders/lib/compress.wgsl"];
/** Floats whose meaning is obvious: halves, doubles, whole numbers. */
const PLAIN = new Set([0, 0.5, 1, 2]);

const values = new Map<string, number>(Object.entries(constants));
/** Constants that no other number equals by chance; 4 or 128 might. */
const unmistakable = new Set([...values.values()].filter((value) => !Number.isInteger(value) || value > 1000));

interface Source {
  name: string;
  /** Without comments and strings. */
  code: string;
}

function sourceOf(name: string, text: string): Source {
  return { name, code: text.replaceAll(/\/\*.*?\*\/|\/\/[^\n]*|"[^"\n]*"/gs, " ") };
}

function sourcesIn(folder: string, ending: string): Source[] {
  return readdirSync(join(paths.root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(ending))
    .map((name) => join(folder, name))
    .filter((name) => name !== HOME)
    .map((name) => sourceOf(name, readFileSync(join(paths.root, name), "utf8")));
}

/** Declarations with the name of one of the constants. */
function redeclared({ name, code }: Source): string[] {
  const declared = [...code.matchAll(/\b(?:const|let|var|override)\s+(\w+)/g)].map(([, found]) => found!);
  return declared.filter((found) => values.has(found)).map((found) => `${name}: ${found}`);
}

/** Literals that stand for one of the constants, or for a new one. */
function retyped({ name, code }: Source): string[] {
  if (FITTED.includes(name)) return [];
  const numbers = [...code.matchAll(/(?<![\w.])(?:0x[\da-f_]+|(?:\d[\d_]*)?\.?\d[\d_]*(?:e[+-]?\d+)?)/gi)];
  return numbers
    .map(([text]) => text)
    .filter((text) => {
      const value = Number(text.replaceAll("_", ""));
      const isFloat = /^(?!0x)[^e]*\.|^(?!0x)\S*e/i.test(text);
      return !PLAIN.has(value) && (isFloat || unmistakable.has(value));
    })
    .map((text) => `${name}: ${text}`);
}

describe("constants", () => {
  test("are literals, which mean the same to every compiler", () => {
    const lines = sourceOf(HOME, readFileSync(join(paths.root, HOME), "utf8")).code.split("\n");
    const literal = /^export const [A-Z][A-Z\d_]* = (?:0x[\da-f]+|[\d_]+|[\d_]+\.\d+(?:e\d+)?|\d+e-?\d+);$/;
    expect(lines.filter((line) => line.trim() !== "" && !literal.test(line))).toEqual([]);
    expect(constants.INPUT_MAX).toBe(2 ** 100);
  });

  const kernels = [...sourcesIn(ASSEMBLY, ".ts"), ...sourcesIn("shaders", ".wgsl")];
  const others = [...sourcesIn("src/network", ".ts"), ...sourcesIn("src/kernels", ".ts")];

  test("have no second declaration", () => {
    expect([...kernels, ...others].flatMap(redeclared)).toEqual([]);
  });

  test("are not repeated as literals in kernels", () => {
    expect(kernels.length).toBeGreaterThan(40);
    expect(kernels.flatMap(retyped)).toEqual([]);
  });

  test("are found where they are repeated", () => {
    const drifted = sourceOf(
      "drifted.ts",
      `/** 0.8 */ const INPUT_MAX: f32 = 1e30; // 0.98
       const keep = 0.8, half = 0.5 * x2, mask = 0xffffffff, size = 512, text = "1.5";
       override MOMENT_KEEP: f32; y = a.x + .25 - 747796405u + 1_000.5;`,
    );
    expect(redeclared(drifted)).toEqual(["drifted.ts: INPUT_MAX", "drifted.ts: MOMENT_KEEP"]);
    const found = ["1e30", "0.8", "0xffffffff", ".25", "747796405", "1_000.5"];
    expect(retyped(drifted)).toEqual(found.map((text) => `drifted.ts: ${text}`));
  });
});

test("the words of a state's header and the records of a block match the layout", () => {
  const { HEADER_BLOCKS, HEADER_SECTIONS, HEADER_TILES, HEADER_ROWS, HEADER_ADAM_STEPS, HEADER_ONLINE_SAMPLES } = slots;
  const { block, section, tile, row, adamSteps, onlineSamples } = HEADER;
  expect([HEADER_BLOCKS, HEADER_SECTIONS, HEADER_TILES, HEADER_ROWS, HEADER_ADAM_STEPS, HEADER_ONLINE_SAMPLES]).toEqual(
    [block, section, tile, row, adamSteps, onlineSamples],
  );
  const { words, at } = structs("Block");
  expect(words - at("places")).toBe(LAYOUT.places.width);
});
