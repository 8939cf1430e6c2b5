import { expect, test } from "vitest";
import { ImportWarnings } from "../../src/datasets/import/import-warnings.ts";
import { changeBy32Bits } from "../../src/datasets/import/narrow.ts";

test("warnings are bounded in number and length, and every cell is counted", () => {
  const warnings = new ImportWarnings();
  for (let index = 0; index < 1000; index++) warnings.add(`${index} ${"x".repeat(1000)}`);
  for (let column = 0; column < 5000; column++) {
    const name = `${column}${"n".repeat(200)}`;
    warnings.count("missing", name, { row: 1 });
    warnings.count("missing", name, { row: 2, count: 3 });
    warnings.count("vanished", name, { row: 9, value: "0".repeat(300), became: 0 });
  }
  const sentences = warnings.sentences();
  expect(sentences.length).toBeLessThan(80);
  expect(Math.max(...sentences.map(({ length }) => length))).toBeLessThan(320);
  expect(sentences).toContain("and 968 more");
  const missing = sentences
    .filter((sentence) => sentence.includes("missing"))
    .map((sentence) => Number(/: (\d+) cells/.exec(sentence)?.[1]));
  expect(missing.reduce((sum, count) => sum + count, 0)).toBe(20_000);
});

test("warnings contain nothing that breaks a database or a terminal", () => {
  const warnings = new ImportWarnings();
  warnings.add(`\0\u001b[2J\uD83D ${"x".repeat(297)}\u{1F600}`);
  const [sentence] = warnings.sentences() as [string];
  expect(sentence).toMatch(/^\uFFFD\uFFFD\[2J\uFFFD x+/);
  expect(Buffer.from(sentence).toString()).toBe(sentence);
});

test.each<[number | bigint, ReturnType<typeof changeBy32Bits>]>([
  [2 ** 24, undefined],
  [2 ** 24 + 1, "rounded"],
  [-(2 ** 24) - 1, "rounded"],
  [2 ** 24 + 2, undefined],
  [2 ** 24 + 1.5, undefined],
  [2 ** 53 - 1, "rounded"],
  [2 ** 53 + 2, undefined],
  [0.1, undefined],
  [1e-60, "vanished"],
  [1e-40, undefined],
  [0, undefined],
  [16_777_217n, "rounded"],
  [16_777_215n, undefined],
  [2n ** 53n + 1n, "rounded"],
  [2n ** 63n, undefined],
  [-(2n ** 63n) + 1n, "rounded"],
  [0n, undefined],
])("%d as a 32-bit float: %s", (value, change) => {
  expect(changeBy32Bits(value, Math.fround(Number(value)))).toBe(change);
});
