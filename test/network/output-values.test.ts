import { describe, expect, test } from "vitest";
import { expandValue, NEURONS_PER_VALUE, packValue } from "../../src/network/output-values.ts";
import type { OutputKind } from "../../src/network/template/parse-template.ts";

function expanded(kind: OutputKind, value: number): number[] {
  const expected = new Float32Array(NEURONS_PER_VALUE[kind]);
  expandValue(kind, value, expected, 0);
  return [...expected];
}

describe("output values", () => {
  test("int: outputs 62 and 127 of two values mean 2 and 1", () => {
    const outputs = new Float32Array(128).fill(0.49);
    outputs[62] = 0.5;
    outputs[127] = 1;
    expect([packValue("int", outputs, 0), packValue("int", outputs, 64)]).toEqual([2, 1]);
  });

  test("int: the first neuron is the most significant bit", () => {
    const outputs = new Float32Array(64);
    outputs[0] = 1;
    expect(packValue("int", outputs, 0)).toBe(2 ** 63);
    expect(expanded("int", 2 ** 63)).toEqual([...outputs]);
  });

  test("float: the first neuron is the sign", () => {
    expect(expanded("float", -0)).toEqual([1, ...Array.from({ length: 31 }, () => 0)]);
    expect(expanded("float", 1).slice(0, 10)).toEqual([0, 0, 1, 1, 1, 1, 1, 1, 1, 0]);
  });

  test.each<[OutputKind, number, number]>([
    ["plain", 0.25, 0.25],
    ["plain", -3, 0],
    ["plain", 7, 1],
    ["plain", Infinity, 1],
    ["bool", 0.5, 1],
    ["bool", 0.49, 0],
    ["bool", -Infinity, 0],
    ["int", 12.9, 12],
    ["int", -5, 0],
    ["int", 1e30, 2 ** 64],
    ["int", 2 ** 53, 2 ** 53],
    ["int", Infinity, 2 ** 64],
    ["float", -1.5, -1.5],
    ["float", 1e-45, Math.fround(1e-45)],
    ["float", Infinity, Infinity],
  ])("%s %d is returned as %d", (kind, value, back) => {
    expect(packValue(kind, Float32Array.from(expanded(kind, value)), 0)).toBe(back);
  });

  test("integers equal their bits, whatever their size", () => {
    for (const value of [
      1,
      2 ** 31,
      2 ** 32 - 1,
      2 ** 32,
      2 ** 32 + 1,
      2 ** 53 - 1,
      2 ** 53 + 2 ** 20,
      2 ** 64 - 2 ** 11,
    ]) {
      const bits = value.toString(2).padStart(64, "0");
      expect(expanded("int", value).join("")).toBe(bits);
      expect(packValue("int", Float32Array.from(bits, Number), 0)).toBe(value);
    }
  });

  test("an integer costs about as much as 64 switches", () => {
    const neurons = new Float32Array(64 * 10_000);
    const ms = (kind: OutputKind) => {
      const start = performance.now();
      for (let at = 0; at < neurons.length; at += NEURONS_PER_VALUE[kind]) {
        expandValue(kind, 1_234_567, neurons, at);
        packValue(kind, neurons, at);
      }
      return performance.now() - start;
    };
    const best = (kind: OutputKind) => Math.min(...Array.from({ length: 5 }, () => ms(kind)));
    expect(best("int") / best("bool")).toBeLessThan(8);
  });

  test.each(Object.keys(NEURONS_PER_VALUE) as OutputKind[])("%s: NaN is no expectation", (kind) => {
    expect(expanded(kind, NaN).every(Number.isNaN)).toBe(true);
  });
});
