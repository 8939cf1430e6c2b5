import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import type { Task } from "hanami-sdk";
import { madeUpMetrics, madeUpPoint } from "./made-up-metrics.ts";
import { cells, cliModule } from "./run-cli.ts";

const { sparkline } = await cliModule<typeof import("../../cli/src/output/sparkline.ts")>("output/sparkline");
const { durationText, shortNumber } =
  await cliModule<typeof import("../../cli/src/output/measures.ts")>("output/measures");
const { cutText, textWidth } =
  await cliModule<typeof import("../../cli/src/output/text-width.ts")>("output/text-width");
const { LiveLines } = await cliModule<typeof import("../../cli/src/output/live-lines.ts")>("output/live-lines");
const { TimeLeft } = await cliModule<typeof import("../../cli/src/watch/time-left.ts")>("watch/time-left");
const { WatchedTask } = await cliModule<typeof import("../../cli/src/watch/watched-task.ts")>("watch/watched-task");
const { chooseEvenly } =
  await cliModule<typeof import("../../cli/src/metrics/choose-points.ts")>("metrics/choose-points");
const { metricsText } = await cliModule<typeof import("../../cli/src/metrics/metrics-text.ts")>("metrics/metrics-text");
const { eventLine } = await cliModule<typeof import("../../cli/src/output/event-line.ts")>("output/event-line");

test("sparklines show values in little room, several sizes by their logarithms", () => {
  expect(sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8)).toBe("▁▂▃▄▅▆▇█");
  expect(sparkline([0, 0, 7, 7], 2)).toBe("▁█");
  expect(sparkline([1, 10, 100], 9)).toBe("▁▅█");
  expect(sparkline([1, NaN, null, undefined, 2], 9)).toBe("▁   █");
  expect(sparkline([3, 3], 9)).toBe("▁▁");
  expect(sparkline([-1e308, 1e308], 9)).toBe("▁█");
  expect(sparkline([], 9)).toBe("");
  expect(sparkline([NaN], 9)).toBe(" ");
});

test("large numbers and durations are short", () => {
  expect([0, 0.1234, 950, 999.6, 12_345, 4.56e6, null].map(shortNumber)).toEqual([
    "0",
    "0.123",
    "950",
    "1k",
    "12.3k",
    "4.56M",
    "-",
  ]);
  expect([-1, 0.4, 59.6, 185, 3599.9, 7500, 86_400 * 3 + 3600 * 4].map(durationText)).toEqual([
    "0 s",
    "0 s",
    "1 min 00 s",
    "3 min 05 s",
    "1 h 00 min",
    "2 h 05 min",
    "3 d 04 h",
  ]);
});

test("texts are cut to columns of the terminal", () => {
  expect(cutText("abc", 3)).toBe("abc");
  expect(cutText("abcd", 3)).toBe("ab…");
  expect(cutText("日本語", 5)).toBe("日本…");
  expect(cutText("日本語", 4)).toBe("日…");
  expect(cutText("abc", 0)).toBe("");
});

test("the time left follows from the last cycles", () => {
  const left = new TimeLeft();
  left.add(0, 0);
  left.add(500, 100);
  expect(left.until(1000)).toBeUndefined();
  left.add(1000, 200);
  expect(left.until(1000)).toBe(4);
  for (let at = 1; at <= 20; at++) left.add(1000 + 500 * at, 200 + 10 * at);
  expect(left.until(500)).toBeCloseTo(5);
  // A task that does not advance has no end in sight; one that repeats cycles begins anew.
  for (let at = 0; at < 20; at++) left.add(20_000 + 500 * at, 400);
  expect(left.until(500)).toBeUndefined();
  left.add(40_000, 100);
  left.add(41_000, 150);
  expect(left.until(500)).toBe(7);
});

const task = (more: Partial<Task>): Task => ({
  uuid: "u",
  cluster_uuid: "c",
  name: "digits",
  state: "active",
  current_cycle: 500,
  total_number_of_cycles: 1000,
  percentage_finished: 0.5,
  queue_timestamp: "-",
  start_timestamp: "-",
  end_timestamp: "-",
  ...more,
});

function watched(name = "digits") {
  const shown = new WatchedTask();
  shown.add({ kind: "task", task: task({ name, current_cycle: 0, percentage_finished: 0 }) }, 0);
  for (const cycle of [1, 2, 4, 8]) shown.add({ kind: "point", point: madeUpPoint(cycle) }, 1);
  shown.add({ kind: "point", point: madeUpPoint(10, { validation_loss: 1, validation_accuracy: 0.75 }) }, 1);
  shown.add({ kind: "task", task: task({ name }) }, 10_000);
  return shown;
}

test("a task's line tells state, cycles, loss, score, speed and time left", () => {
  const facts = "loss 0.2  accuracy 90.0 %  held out 75.0 %  12.3k/s  10 s left";
  expect(watched().plainLine(false)).toBe(`active     50.0 %  500/1000  ${facts}`);
  expect(watched("\u001b[2J\nx").plainLine(true)).toMatch(/^\\u001b\[2J x {2}active/);
  expect(watched().terminalLine(200, true)).toMatch(
    /^digits +active {4}\[#{15}\.{15}\] {3}50\.0 % {3}500\/1000 {2}loss 0\.2 {5}█▆▄▂▁ +accuracy 90\.0 %.* 10 s left$/,
  );
});

test("a line is shortened for every width, and never wider: first go speed and curve, state and percent stay", () => {
  const shown = watched("日本語".repeat(20));
  for (let columns = 1; columns <= 200; columns++) {
    expect(textWidth(shown.terminalLine(columns, true))).toBeLessThanOrEqual(columns);
  }
  expect(watched().terminalLine(60, false)).toBe("active     50.0 %  loss 0.2     accuracy 90.0 %  10 s left");
  expect(watched().terminalLine(20, false)).toBe("active     50.0 %");
});

test("lines are drawn in the place of the previous ones, no more than the screen has, wrapped ones included", () => {
  const stream = Object.assign(new PassThrough({ encoding: "utf8" }), { columns: 20, rows: 4 });
  const lines = new LiveLines(stream as unknown as NodeJS.WriteStream);
  lines.draw(["a", "b"]);
  lines.draw(["c", "d"]);
  expect(stream.read()).toBe("\r\u001b[Ka\n\u001b[Kb\r\u001b[1A\u001b[Kc\n\u001b[Kd");
  lines.draw(["1", "2", "3", "4", "5"]);
  expect(stream.read()).toBe("\r\u001b[1A\u001b[K1\n\u001b[K2\n\u001b[K… and 3 more");
  lines.end();
  lines.draw(["x".repeat(30)]);
  stream.columns = 10;
  lines.draw(["y"]);
  expect(stream.read()).toBe(`\n\r\u001b[K${"x".repeat(18)}…\r\u001b[1A\u001b[J\u001b[Ky`);
});

test("points are chosen evenly, the first and last included, and those with measurements first", () => {
  const all = Array.from({ length: 1000 }, (_, at) => at);
  const chosen = chooseEvenly(all, 20, () => false);
  expect(chosen).toHaveLength(20);
  expect([chosen[0], chosen.at(-1)]).toEqual([0, 999]);
  const steps = chosen.slice(1, -1).map((value, at) => value - (chosen[at] as number));
  expect(Math.max(...steps)).toBeLessThanOrEqual(57);
  expect(chooseEvenly(all, 20, (value) => value % 100 === 42).filter((value) => value % 100 === 42)).toHaveLength(10);
  expect(chooseEvenly([1, 2], 20, () => false)).toEqual([1, 2]);
  expect(chooseEvenly([], 20, () => false)).toEqual([]);
  expect(chooseEvenly(all.slice(0, 21), 20, () => false)).toHaveLength(20);
});

test("the curves of a task are a title, sparklines, and a table with the columns that have values", () => {
  const points = Array.from({ length: 50 }, (_, at) =>
    madeUpPoint(2 * at + 2, at === 24 ? { validation_loss: 1.5 } : {}),
  );
  const text = metricsText(madeUpMetrics(points), false);
  expect(text).toMatch(/^made up, finished: 100 of 1000 cycles\nloss {6}[▁-█]{50} {2}1 → 0\.02\naccuracy {2}▁/);
  const table = cells(text);
  expect(table[0]).toEqual(["cycle", "epoch", "loss", "accuracy", "held-out loss", "synapses", "samples/s"]);
  expect(table).toHaveLength(21);
  expect(table[1]).toEqual(["2", "0.02", "1", "50.0 %", "-", "1.23k", "12.3k"]);
  expect(table.map((row) => row[4])).toContain("1.5");
  expect(cells(metricsText(madeUpMetrics(points), true))).toHaveLength(51);
  expect(metricsText(madeUpMetrics([], { name: "a\n\u001b" }), false)).toBe("a \\u001b, finished: nothing measured\n");
  expect(metricsText(madeUpMetrics([], { state: "queued" }), false)).toBe("made up, queued: nothing measured yet\n");
});

test("an event is one line, whatever it holds", () => {
  const ended = { timestamp_ms: 0, ...task({ name: "a\nb\u001b", state: "failed", error_message: "why" }) };
  expect(eventLine({ id: "1", kind: "task.ended", data: { ...ended } })).toBe(
    "1970-01-01T00:00:00.000Z  task.ended          uuid u, 'a b\\u001b', failed, 500/1000, 50.0 %, error: why",
  );
  const data = { timestamp_ms: 1, uuid: "u", point: madeUpPoint(4) };
  expect(eventLine({ id: "2", kind: "task.metrics", data })).toBe(
    "1970-01-01T00:00:00.001Z  task.metrics        uuid u, cycle 4, loss 0.5, accuracy 75.0 %",
  );
  expect(eventLine({ id: "3", kind: "stream.reset", data: { timestamp_ms: 1e300, name: 5 } })).toBe("-  stream.reset");
});
