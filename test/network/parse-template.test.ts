import { describe, expect, test } from "vitest";
import { parseTemplate } from "../../src/network/template/parse-template.ts";
import { TemplateError } from "../../src/network/template/template-error.ts";

const FULL = `version: 1
settings:
    neuron_cooldown: 10000000.0
    refractory_time: 3
    max_connection_distance: 2
    enable_reduction: True
hexagons:
    1,1,1
    3,1,1
    -4,1,1

axons:
    1,1,1 -> 3,1,1

inputs:
    picture_hex: 1,1,1 (binary)

outputs:
    label_hex: -4,1,1 (int)
`;

function errorOf(text: string): TemplateError {
  try {
    parseTemplate(text);
  } catch (error) {
    if (error instanceof TemplateError) return error;
    throw error;
  }
  throw new Error("the template was accepted");
}

/** A valid template with one part replaced. */
const replaced = (part: string, by: string) => FULL.replace(part, by);

describe("parseTemplate", () => {
  test("reads everything", () => {
    expect(parseTemplate(FULL)).toEqual({
      text: FULL,
      settings: { neuronCooldown: 1e7, refractoryTime: 3, maxConnectionDistance: 2, enableReduction: true },
      hexagons: [
        { x: 1, y: 1, z: 1 },
        { x: 3, y: 1, z: 1 },
        { x: -4, y: 1, z: 1 },
      ],
      axons: [{ source: 0, target: 1 }],
      inputs: [{ name: "picture_hex", hexagon: 0, kind: "binary" }],
      outputs: [{ name: "label_hex", hexagon: 2, kind: "int" }],
    });
  });

  test("an empty text is a cluster without hexagons", () => {
    expect(parseTemplate("").hexagons).toEqual([]);
  });

  test("settings have defaults, and may be left out", () => {
    const { settings } = parseTemplate("version:1 settings: hexagons: 1,1,1 2,1,1 inputs: a: 1,1,1 outputs: b: 2,1,1");
    expect(settings).toEqual({
      neuronCooldown: 1e9,
      refractoryTime: 1,
      maxConnectionDistance: 1,
      enableReduction: false,
    });
  });

  test("line ends, blanks and comments do not matter", () => {
    const odd = FULL.replace("version: 1", "version:\t 1 # the only one").replaceAll("\n", "\r\n");
    expect({ ...parseTemplate(odd), text: "" }).toEqual({ ...parseTemplate(FULL), text: "" });
  });

  test("the last of duplicate settings and of duplicate axons wins", () => {
    const text = replaced("refractory_time: 3", "refractory_time: 3 refractory_time: 4").replace(
      "inputs:",
      "1,1,1 -> -4,1,1 inputs:",
    );
    expect(parseTemplate(text).settings.refractoryTime).toBe(4);
    expect(parseTemplate(text).axons).toEqual([{ source: 0, target: 2 }]);
  });

  test.each(["2nd", "version", "x".repeat(254), "_"])("%s is a name", (name) => {
    expect(parseTemplate(replaced("picture_hex", name)).inputs[0]?.name).toBe(name);
  });

  test("the message has five lines", () => {
    expect(errorOf(replaced("refractory_time: 3", "refractory_time: 0")).message).toBe(
      `ERROR while parsing cluster-definition string
parser-message: refractory_time must be >= 1
line-number: 4
position in line: 22
broken part in string: "0"`,
    );
  });

  test.each<[string, string, string, number, number, string]>([
    // part, replacement, parser message, line, column, token
    ["version: 1", "version: 2", "syntax error", 1, 10, "2"],
    ["version: 1", "", "syntax error", 2, 1, "settings"],
    ["enable_reduction: True", "enable_reduction: maybe", "syntax error", 6, 23, "maybe"],
    ["refractory_time: 3", "refractory: 3", "syntax error", 4, 5, "refractory"],
    ["refractory_time: 3", "refractory_time: 3.5", "syntax error", 4, 22, "3.5"],
    ["3,1,1\n", "3,1\n", "syntax error", 10, 5, "-4"],
    ["picture_hex:", "12:", "syntax error", 16, 5, "12"],
    ["picture_hex:", "float:", "syntax error", 16, 5, "float"],
    ["(binary)", "(int)", "syntax error", 16, 25, "int"],
    ["(int)", "(int", "syntax error", 20, 1, ""],
    ["(int)", "(int) ,", "syntax error", 19, 29, ","],
    ["1,1,1 -> 3,1,1", "1,1,1 , 3,1,1", "syntax error", 13, 11, ","],
    ["picture_hex", 'pic"ture', "invalid character", 16, 8, '"'],
    ["refractory_time: 3", "refractory_time: 3 # a\0b", "invalid character", 4, 27, "\0"],
    ["picture_hex", "pic🙂ture", "invalid character", 16, 8, "🙂"],
    ["    3,1,1", "    99999999999999999999,1,1", "integer is out of range", 9, 5, "99999999999999999999"],
    ["refractory_time: 3", "refractory_time: 4294967296", "integer is out of range", 4, 22, "4294967296"],
    ["10000000.0", "1.0", "neuron_cooldown must be > 1.0", 3, 22, "1.0"],
    ["10000000.0", "-3", "neuron_cooldown must be > 1.0", 3, 22, "-3"],
    ["10000000.0", `1${"0".repeat(400)}`, "integer is out of range", 3, 22, `1${"0".repeat(400)}`],
    ["distance: 2", "distance: 0", "max_connection_distance must be >= 1", 5, 30, "0"],
    ["-4,1,1\n", "3,1,1\n", "Hexagon with the position [ 3 , 1 , 1 ] already exist.", 10, 5, "3"],
    ["hex: 1,1,1", "hex: 7,1,1", "Hexagon with the position [ 7 , 1 , 1 ] doesn't exist.", 16, 18, "7"],
    ["1,1,1 ->", "7,1,1 ->", "Source-Hexagon of axon with the position [ 7 , 1 , 1 ] doesn't exist.", 13, 5, "7"],
    ["-> 3,1,1", "-> 7,1,1", "Target-Hexagon of axon with the position [ 7 , 1 , 1 ] doesn't exist.", 13, 14, "7"],
    ["(binary)", "picture_hex: 3,1,1", "Input 'picture_hex' already exist.", 16, 24, "picture_hex"],
    ["(binary)", "b: 1,1,1", "Hexagon with the position [ 1 , 1 , 1 ] already has an input or output.", 16, 27, "1"],
  ])("%s -> %s: %s", (part, by, message, line, column, token) => {
    const error = errorOf(replaced(part, by));
    expect(error).toMatchObject({ parserMessage: message, line, column, token });
  });

  test("a number ends where a word cannot continue, and blanks are those of regular expressions", () => {
    const blanks = " \t\v\f\r\n\u00a0\u1680\u2003\u2028\u3000\ufeff";
    const text = replaced("10000000.0", `${blanks}10.5`)
      .replace("picture_hex", "12_a")
      .replace("3,1,1\n", `3,1,1#\n${blanks}`);
    expect(parseTemplate(text)).toMatchObject({ settings: { neuronCooldown: 10.5 }, inputs: [{ name: "12_a" }] });
    expect(errorOf(replaced("3,1,1\n", "3.,1,1\n"))).toMatchObject({ parserMessage: "invalid character", token: "." });
    expect(errorOf(replaced("3,1,1\n", "-a,1,1\n"))).toMatchObject({ parserMessage: "invalid character", token: "-" });
    expect(errorOf(replaced("3,1,1\n", "3a,1,1\n"))).toMatchObject({ parserMessage: "syntax error", token: "3a" });
  });

  test("a name that is too long", () => {
    const name = "x".repeat(255);
    expect(errorOf(replaced("picture_hex", name)).parserMessage).toBe(`Name '${name}' is longer than 254 characters.`);
  });

  test("the first error in reading order is reported", () => {
    expect(errorOf("version: 1 settings: refractory_time: 0 $").parserMessage).toBe("refractory_time must be >= 1");
  });

  // Comparing each port with all others would take most of a minute.
  test("a megabyte of hexagons, axons and inputs is parsed quickly", { timeout: 10_000 }, () => {
    const numbers = Array.from({ length: 30_000 }, (_, i) => i);
    const lines = (line: (i: number) => string) => numbers.map(line).join("\n");
    const text = `version: 1 settings: hexagons: -1,0,0 ${lines((i) => `${i},0,0`)} axons: ${lines((i) => `${i},0,0 -> -1,0,0`)}
      inputs: ${lines((i) => `i${i}: ${i},0,0`)} outputs: out: -1,0,0`;
    const { axons, inputs } = parseTemplate(text);
    expect([axons.length, inputs.length]).toEqual([30_000, 30_000]);
    expect(axons.at(-1)).toEqual({ source: 30_000, target: 0 });
    expect(inputs.at(-1)).toEqual({ name: "i29999", hexagon: 30_000, kind: "plain" });
  });
});
