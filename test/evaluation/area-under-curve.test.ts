import { expect, test } from "vitest";
import { AreaUnderCurve } from "../../src/evaluation/area-under-curve.ts";
import { createRandom } from "../support/random.ts";

test("the area of a known example, with ties", () => {
  const area = new AreaUnderCurve();
  // Pairs: 0.35 beats 0.1 but not 0.4; 0.8 beats both; 0.4 beats 0.1 and ties with 0.4.
  area.add(0, Float32Array.of(0.4, 0.1));
  area.add(1, Float32Array.of(0.8, 0.35, 0.4));
  expect(area.area()).toBeCloseTo((1 + 2 + 1.5) / 6, 12);
});

test("one class, or none, has no area", () => {
  const area = new AreaUnderCurve();
  expect(area.area()).toBeNull();
  area.add(1, Float32Array.of(0.5));
  expect(area.area()).toBeNull();
});

test("separated classes have 1, reversed ones 0, equal probabilities a half", () => {
  const areaOf = (zeros: number[], ones: number[]) => {
    const area = new AreaUnderCurve();
    area.add(0, Float32Array.from(zeros));
    area.add(1, Float32Array.from(ones));
    return area.area();
  };
  expect(areaOf([0, 0.1], [0.9, 1])).toBe(1);
  expect(areaOf([0.9, 1], [0, 0.1])).toBe(0);
  expect(areaOf([0.5, 0.5, 0.5], [0.5, 0.5])).toBe(0.5);
});

test("batches in any order give what counting every pair gives, and bins nearly so", () => {
  const random = createRandom(3);
  const zeros = Float32Array.from({ length: 700 }, () => Math.round(random.next() * 500) / 1000);
  const ones = Float32Array.from({ length: 300 }, () => Math.round((0.2 + random.next() * 0.8) * 1000) / 1000);
  let pairs = 0;
  for (const one of ones) for (const zero of zeros) pairs += one > zero ? 1 : one === zero ? 0.5 : 0;
  const inBatches = (area: AreaUnderCurve) => {
    for (let first = 0; first < 700; first += 90) area.add(0, zeros.slice(first, first + 90));
    for (let first = 0; first < 300; first += 7) area.add(1, ones.slice(first, first + 7));
    return area.area();
  };
  expect(inBatches(new AreaUnderCurve())).toBeCloseTo(pairs / (700 * 300), 12);
  expect(inBatches(new AreaUnderCurve(500))).toBeCloseTo(pairs / (700 * 300), 3);
});
