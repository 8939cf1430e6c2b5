import { expect, test } from "vitest";
import { madeUpMetrics, madeUpPoint } from "./made-up-metrics.ts";
import { cliModule } from "./run-cli.ts";

const { linearTexts, linearTicks, logTicks, wholeTicks } =
  await cliModule<typeof import("../../cli/src/plot/ticks.ts")>("plot/ticks");
const { scaleFor } = await cliModule<typeof import("../../cli/src/plot/scale.ts")>("plot/scale");
const { drawMetrics } = await cliModule<typeof import("../../cli/src/plot/draw-metrics.ts")>("plot/draw-metrics");

test.each([
  [0, 1, ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]],
  [0.1, 0.35, ["0.10", "0.15", "0.20", "0.25", "0.30", "0.35"]],
  [-3, 3, ["-3", "-2", "-1", "0", "1", "2", "3"]],
  [0, 120_000, ["0", "20k", "40k", "60k", "80k", "100k", "120k"]],
  [0, 5000, ["0", "1000", "2000", "3000", "4000", "5000"]],
  [123_400, 123_500, ["123.40k", "123.42k", "123.44k", "123.46k", "123.48k", "123.50k"]],
])("ticks from %d to %d are round numbers with as many digits as tell them apart", (low, high, texts) => {
  expect(linearTexts(linearTicks(low, high, 6))).toEqual(texts);
});

test("ticks of whole numbers have whole steps, and those of a logarithmic axis 1, 2 and 5 or powers of ten", () => {
  expect(wholeTicks(0, 2, 6)).toEqual([0, 1, 2]);
  expect(wholeTicks(0, 200, 10)).toEqual([0, 20, 40, 60, 80, 100, 120, 140, 160, 180, 200]);
  expect(logTicks(0.05, 2, 6)).toEqual([0.05, 0.1, 0.2, 0.5, 1, 2]);
  expect(logTicks(1e-6, 1, 6)).toEqual([1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1]);
  expect(logTicks(1e-24, 1, 6).length).toBeLessThanOrEqual(7);
});

test("an axis is logarithmic for positive values of several sizes only, and shows all of them", () => {
  const scales = [
    { values: [0.1, 3], isLog: true },
    { values: [0.5, 3], isLog: false },
    { values: [0, 3], isLog: false },
    { values: [-2, -1], isLog: false },
    { values: [4, 4], isLog: false },
    { values: [0, 0], isLog: false },
    { values: [1e-300, 1e300], isLog: true },
  ];
  for (const { values, isLog } of scales) {
    const scale = scaleFor(values, { isShare: false });
    expect(scale.isLog).toBe(isLog);
    for (const value of values) expect(scale.place(value)).toSatisfy((place: number) => place >= 0 && place <= 1);
    expect(scale.ticks.length).toBeGreaterThan(1);
  }
  const shares = scaleFor([0.01, 1], { isShare: true });
  expect(shares.isLog).toBe(false);
  expect(shares.ticks.at(-1)).toEqual({ value: 1, text: "100 %" });
  expect(shares.place(1)).toBeLessThan(1);
});

test("an axis of shares leaves out the first few values of a training, which lie at its low end", () => {
  const late = Array.from({ length: 100 }, (_, n) => 0.95 + 0.0004 * n);
  const scale = scaleFor([0.1, 0.6, ...late], { isShare: true });
  expect(scale.place(0.1)).toBe(0);
  expect(scale.place(0.95)).toBeLessThan(0.1);
  expect(scale.place(0.9896)).toBeGreaterThan(0.9);
  expect(scale.ticks[0]!.value).toBeGreaterThan(0.9);
  // Where many are low, all are shown.
  const both = scaleFor([0.1, 0.15, 0.2, ...late.slice(0, 20)], { isShare: true });
  expect(both.place(0.1)).toBeGreaterThan(0);
});

/** Reads XML strictly enough for files without comments and the like; returns the texts between the tags. */
function readXml(text: string): string[] {
  const open: string[] = [];
  const texts: string[] = [];
  const attributes = String.raw`((?:\s[\w-]+="(?:[^<>&"]|&(?:amp|lt|gt|quot|#39);)*")*)`;
  const token = new RegExp(String.raw`<(\w+)${attributes}(/?)>|</(\w+)>|((?:[^<>&]|&(?:amp|lt|gt|quot|#39);)+)`, "gy");
  let end = 0;
  for (const [all, start, listed = "", single, close, content] of text.matchAll(token)) {
    end += all.length;
    const names = [...listed.matchAll(/\s([\w-]+)=/g)].map(([, name]) => name);
    expect(new Set(names).size).toBe(names.length);
    if (close !== undefined) expect(open.pop()).toBe(close);
    else if (start !== undefined && single === "") open.push(start);
    else if (content !== undefined) {
      texts.push(content);
      if (open.length === 0) expect(content.trim()).toBe("");
    }
  }
  expect({ end, open }).toEqual({ end: text.length, open: [] });
  // What XML 1.0 cannot hold, in whatever spelling.
  // oxlint-disable-next-line no-control-regex
  expect(text).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/u);
  return texts;
}

const pathsOf = (svg: string) => [...svg.matchAll(/<path d="([^"]*)"[^>]*stroke-width="[12]"[^>]*>/g)];

test("a picture has the curves of a task, solid, and of its held-out rows, dashed, with marks of epochs", () => {
  const points = [10, 50, 100, 150, 200].map((cycle) =>
    madeUpPoint(cycle, cycle % 100 === 0 ? { validation_loss: 3 / cycle, validation_accuracy: 0.5 } : {}),
  );
  const svg = drawMetrics([madeUpMetrics(points)]);
  const texts = readXml(svg);
  for (const text of ["Loss (logarithmic)", "Accuracy", "cycles", "epoch", "made up", "measured on held-out rows"]) {
    expect(texts).toContain(text);
  }
  expect(texts).not.toContain("Error");
  const curves = pathsOf(svg);
  expect(curves.map(([all]) => all.includes("stroke-dasharray"))).toEqual([false, true, false, true]);
  expect(curves.map(([, path]) => path?.split("L").length)).toEqual([5, 2, 5, 2]);
  // Two panels with one mark inside and one at the end.
  expect(texts.filter((text) => text === "1" || text === "2").length).toBeGreaterThanOrEqual(4);
  expect(svg).not.toMatch(/\d\.\d{3}/);
  expect(svg).not.toMatch(/NaN|Infinity|undefined|script|http(?!:\/\/www\.w3\.org\/2000\/svg")/);
  expect(drawMetrics([madeUpMetrics(points)])).toBe(svg);
});

test("names are text and never markup, and long ones are shortened", () => {
  const hostile = `</title><script>alert(1)</script>&amp;"'\u0000\u202e\ud800\uffff ${"W".repeat(200)}`;
  const svg = drawMetrics([madeUpMetrics([madeUpPoint(1), madeUpPoint(2)], { name: hostile })]);
  const texts = readXml(svg);
  expect(svg).not.toContain("<script");
  expect(texts.some((text) => text.startsWith("&lt;/title&gt;&lt;script&gt;") && text.endsWith("…"))).toBe(true);
});

test("missing and infinite values interrupt a curve; a value between two of them is a dot", () => {
  const losses = [3, 2, NaN, 1.5, null, 1.4, 1.3, undefined];
  const points = losses.map((loss, at) => {
    const { loss: _, accuracy: __, ...others } = madeUpPoint(at + 1);
    return { ...others, ...(loss === undefined ? {} : { loss }) };
  });
  const svg = drawMetrics([madeUpMetrics(points)]);
  readXml(svg);
  expect(svg).not.toContain("NaN");
  const [curve, ...others] = pathsOf(svg);
  expect(others).toEqual([]);
  expect(curve?.[1]?.match(/M/g)).toHaveLength(2);
  expect(svg.match(/<circle/g)).toHaveLength(1);
});

test("one point, no points, and eight tasks of a thousand points are drawn", () => {
  const one = drawMetrics([madeUpMetrics([madeUpPoint(7)])]);
  readXml(one);
  expect(one.match(/<circle/g)).toHaveLength(2);
  expect(readXml(drawMetrics([madeUpMetrics([])]))).toContain("nothing measured");
  const points = Array.from({ length: 1000 }, (_, at) => madeUpPoint(at + 1));
  const eight = drawMetrics(Array.from({ length: 8 }, (_, at) => madeUpMetrics(points, { name: `task ${at}` })));
  readXml(eight);
  expect(
    new Set([...eight.matchAll(/<path [^>]*stroke="(#\w+)" stroke-width="1"/g)].map(([, color]) => color)).size,
  ).toBe(8);
});

test("tasks with numbers have their error in a panel; epochs are marked only where all tasks have the same", () => {
  const { accuracy: _, ...others } = madeUpPoint(100, { epoch: 2, error: 12 });
  const texts = readXml(drawMetrics([madeUpMetrics([madeUpPoint(100)]), madeUpMetrics([others])]));
  expect(texts).toEqual(expect.arrayContaining(["Loss", "Accuracy", "Error"]));
  expect(texts).not.toContain("epoch");
});
