import { expect, test } from "vitest";
import type { Curve } from "../../../src/tasks/curve/curve.ts";
import { curveText, readCurve } from "../../../src/tasks/curve/curve-text.ts";
import { lastMetricsPoint, metricsPoints } from "../../../src/tasks/curve/metrics-points.ts";
import { newCurve, slice } from "./support.ts";

/** Cycles of each point. */
const widths = ({ points, start }: Curve) => points.map(({ cycle }, nth) => cycle - (points[nth - 1]?.cycle ?? start));

function curveOf(reports: number, cycles: (nth: number) => number = () => 7): Curve {
  const curve = newCurve(["class"]);
  for (let nth = 0; nth < reports; nth++) {
    const count = cycles(nth);
    const tally = { rows: count, hits: 1, loss: 0.1 * count };
    curve.add(slice(count, [tally], { skipped: 1, learningRate: 1 / (nth + 1), grown: nth }), 1000 + nth);
  }
  return curve;
}

test.each([
  [999, 999, 7],
  [1000, 1000, 7],
  [1001, 501, 14],
  [2000, 1000, 14],
  [10_000, 625, 112],
])("%i reports of the same length become %i points of %i cycles", (reports, points, width) => {
  const curve = curveOf(reports);
  const all = widths(curve);
  expect(all).toHaveLength(points);
  // The last one may still grow.
  expect(new Set(all.slice(0, -1))).toEqual(new Set([width]));
  expect(all.at(-1)).toBeLessThanOrEqual(width);
});

test("points that merge keep the sums, and the network after the newest sample", () => {
  const curve = curveOf(10_000);
  const { points } = curve;
  const sum = (of: (point: (typeof points)[number]) => number) => points.reduce((total, point) => total + of(point), 0);
  expect(curve.cycle).toBe(70_000);
  expect(sum(({ tallies }) => tallies[0]!)).toBe(70_000);
  expect(sum(({ tallies }) => tallies[2]!)).toBe(10_000);
  expect(sum(({ tallies }) => tallies[3]!)).toBeCloseTo(7000, 3);
  expect(sum(({ skipped }) => skipped)).toBe(10_000);
  expect(sum(({ wallMs }) => wallMs)).toBe(700_000);
  expect(points[0]).toMatchObject({ cycle: 112, timeMs: 1015, learningRate: 1 / 16, sections: 20, blocks: [0, 16, 1] });
  expect(points.at(-1)).toMatchObject({ timeMs: 10_999, learningRate: 1 / 10_000 });
});

test("reports of very different lengths become points of about the same length", () => {
  const all = widths(curveOf(5000, (nth) => (nth < 100 ? 1 : 50 + ((nth * 37) % 100))));
  expect(all.length).toBeLessThanOrEqual(1000);
  expect(Math.max(...all)).toBeLessThan(2 * Math.min(...all.slice(0, -1)));
});

test("a measurement stays at its cycle, however long the task becomes", () => {
  const curve = newCurve(["class"]);
  const measured: number[] = [];
  for (let nth = 0; nth < 20_000; nth++) {
    curve.add(slice(10, [{ rows: 10 }]));
    if (nth % 211 !== 210) continue;
    measured.push(curve.cycle);
    curve.measure(curve.cycle, { loss: nth, outputs: {} });
  }
  const kept = curve.points.filter((point) => point.measured !== null);
  expect(kept.map(({ cycle }) => cycle)).toEqual(measured);
  expect(kept.map((point) => point.measured?.loss)).toEqual(measured.map((cycle) => cycle / 10 - 1));
  expect(curve.points.length).toBeLessThanOrEqual(1000);
});

test("wide networks have fewer points", () => {
  const outputs = Array.from({ length: 1000 }, (_, nth) => ({
    name: `out_${nth}`,
    measure: "class" as const,
    range: 1,
  }));
  const curve = newCurve(outputs);
  for (let nth = 0; nth < 100; nth++) curve.add(slice(1, [{ rows: 1 }]));
  expect(curve.points.length).toBeLessThanOrEqual(16);
  expect(curve.points.reduce((sum, { tallies }) => sum + tallies[0]!, 0)).toBe(100);
});

test("a stored curve is the same one, and goes on like it", () => {
  const curve = curveOf(3333, (nth) => 1 + (nth % 9));
  curve.measure(curve.cycle, { loss: 0.25, accuracy: 0.5, outputs: { out_0: { loss: 0.25, accuracy: 0.5 } } });
  const text = curveText(curve);
  const read = readCurve(text);
  expect(curveText(read)).toBe(text);
  expect([...metricsPoints(read)]).toEqual([...metricsPoints(curve)]);
  for (const each of [curve, read])
    for (let nth = 0; nth < 777; nth++) each.add(slice(3, [{ rows: 3, loss: 0.3 }]), nth);
  expect(curveText(read)).toBe(curveText(curve));
  expect(lastMetricsPoint(read)).toEqual([...metricsPoints(read)].at(-1));
});

test("a full curve is a short text", () => {
  expect(curveText(curveOf(1000, () => 512)).length).toBeLessThan(60_000);
});

test("times ascend when the clock is set back", () => {
  const curve = newCurve(["class"]);
  for (const now of [5000, 4000, 6000]) curve.add(slice(1), now);
  expect(curve.points.map(({ timeMs }) => timeMs)).toEqual([5000, 5000, 6000]);
});
