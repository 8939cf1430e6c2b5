import { expect, test } from "vitest";
import { parseConfig } from "../../src/server/config.ts";
import { ReferenceEngine } from "../../src/kernels/reference/reference-engine.ts";
import { WasmEngine } from "../../src/kernels/wasm/wasm-engine.ts";
import { Network } from "../../src/network/network.ts";
import { parseTemplate } from "../../src/network/template/parse-template.ts";
import { TemplateError } from "../../src/network/template/template-error.ts";

const { limits } = parseConfig({});

/** A cube of hexagons with an input at one corner and an output at the other. */
function cube(hexagons: number): string {
  const side = Math.ceil(hexagons ** (1 / 3));
  const at = (i: number) => `${i % side},${Math.floor(i / side) % side},${Math.floor(i / side ** 2)}`;
  const places = Array.from({ length: hexagons }, (_, i) => at(i));
  return `version: 1 settings: max_connection_distance: 3 hexagons: ${places.join("\n")}
    inputs: in: ${at(0)} outputs: out: ${at(hexagons - 1)}`;
}

/** Processor time of the quickest of some runs in milliseconds; slower runs were disturbed. */
function quickest(runs: number, work: () => void): number {
  const times = Array.from({ length: runs }, () => {
    const start = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1000;
  });
  return Math.min(...times);
}

/** Allows five times the linear time and some milliseconds; quadratic time is far beyond this. */
const expectLinear = (times: number, small: number, large: number) =>
  expect(large).toBeLessThan(5 * times * small + 50);

const ending = (body: (length: number) => string) => (length: number) =>
  `version: 1 settings: hexagons: ${body(length)}`;

test.each<[string, (length: number) => string]>([
  ["blanks", ending((length) => " \n".repeat(length / 2))],
  ["comments", ending((length) => "#\n".repeat(length / 2))],
  ["digits", ending((length) => "1".repeat(length))],
  ["digits before a letter", ending((length) => `${"1".repeat(length)}a`)],
  ["a negative number before a letter", ending((length) => `-${"1".repeat(length)}a`)],
  ["letters", ending((length) => "a".repeat(length))],
  ["hexagons", (length) => cube(length / 16)],
  ["hexagons of one row", ending((length) => Array.from({ length: length / 12 }, (_, i) => `${i},0,0`).join(" "))],
  ["axons", (length) => cube(8).replace("inputs:", `axons: ${"0,0,0 -> 1,0,0\n".repeat(length / 15)} inputs:`)],
])("a template of %s is parsed in time linear in its length", (_, text) => {
  const parse = (length: number) => {
    // Flattens the string before the measurement.
    const template = Buffer.from(text(length)).toString("latin1");
    return quickest(5, () => {
      try {
        parseTemplate(template);
      } catch (error) {
        if (!(error instanceof TemplateError)) throw error;
      }
    });
  };
  expectLinear(32, parse(limits.templateBytes / 4), parse(8 * limits.templateBytes));
});

test("the time to create a network of the maximum number of hexagons grows linearly with them", () => {
  const create = (hexagons: number) => {
    const template = parseTemplate(cube(hexagons));
    return quickest(3, () => Network.create(template, 1, new ReferenceEngine()).dispose());
  };
  expectLinear(16, create(limits.hexagons / 4), create(4 * limits.hexagons));
});

test("the time of a first step grows linearly with the hexagons that it reaches", { timeout: 120_000 }, () => {
  const step = (hexagons: number) => {
    const network = Network.create(parseTemplate(cube(hexagons)), 1, new WasmEngine());
    const inputs = [{ index: 0, values: new Float32Array(100).fill(1), width: 100 }];
    const expected = [{ index: 0, values: Float32Array.of(1), width: 1 }];
    // A hexagon passes on what reached it in the step before, so many steps reach all of them.
    return quickest(1, () => {
      for (let count = 0; count < 20; count++) {
        network.train({ count: 1, inputs, expected, update: "online", rate: "direct" });
      }
    });
  };
  expectLinear(8, step(64), step(512));
});
