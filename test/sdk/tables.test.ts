/** From a table to predictions with the SDK alone. */
import { HanamiClient, TableError, type FitOptions } from "hanami-sdk";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { BIRD_ROWS, birdsCsv, SPECIES } from "../support/bird-table.ts";
import { adminId, createTestApp, testPassphrase, type TestApp } from "../support/test-app.ts";

vi.setConfig({ testTimeout: 120_000 });

let app: TestApp;
let client: HanamiClient;
beforeAll(async () => {
  app = await createTestApp();
  const { url: address } = await app.server.listen();
  client = new HanamiClient({ address, user: adminId, passphrase: testPassphrase });
});
afterAll(() => app.close());

/** One failed test must not fail the others. */
afterEach(async () => {
  for (const { uuid } of await client.clusters.list()) await client.clusters.delete(uuid);
  for (const { uuid } of await client.datasets.list()) await client.datasets.delete(uuid);
});

const file = (text: string) => new Blob([text]);
const leftovers = async () => [...(await client.datasets.list()), ...(await client.clusters.list())];

async function fitted(text: string, options: FitOptions) {
  const result = await client.fit(file(text), { seed: 1, ...options });
  const forget = async () => {
    await client.clusters.delete(result.cluster_uuid);
    await client.datasets.delete(result.dataset_uuid);
    expect(await leftovers()).toEqual([]);
  };
  return { result, forget };
}

test("classes: a held-out score beside the baseline, answers, an evaluation and rows learnt one by one", async () => {
  const steps = new Set<string>();
  const onProgress = ({ step }: { step: string }) => steps.add(step);
  const { result, forget } = await fitted(birdsCsv(), { target: "species", onProgress });
  expect([...steps]).toEqual(["upload", "measure", "learn"]);
  expect(result).toMatchObject({ target: "species", kind: "class", metrics: { rows: 18 }, baseline: { rows: 18 } });
  expect(result.metrics.accuracy).toBeGreaterThan(0.9);
  expect(result.baseline.accuracy).toBeLessThan(0.6);
  expect(result.epochs).toBeGreaterThan(0);
  expect(result.warnings.join("\n")).toContain("'column_0'");
  expect((await client.clusters.list()).map(({ name }) => name)).toEqual([result.cluster_name]);

  const { rows, warnings } = await client.predict(result.cluster_name, file(birdsCsv()));
  expect(warnings.join("\n")).toContain("column 'column_0': not learnt, and ignored here");
  expect(rows).toHaveLength(BIRD_ROWS);
  const right = rows.filter((row, index) => row["predicted_species"] === SPECIES[index % 3]);
  expect(right.length).toBeGreaterThan(0.9 * BIRD_ROWS);
  const shares = SPECIES.map((name) => rows[0]?.[`probability_${name}`] as number);
  expect(shares.reduce((sum, share) => sum + share)).toBeCloseTo(1, 5);

  const evaluated = await client.evaluate(result.cluster_uuid, file(birdsCsv()));
  expect(evaluated.metrics).toMatchObject({ rows: BIRD_ROWS, accuracy: right.length / BIRD_ROWS });

  // Only two of the learnt columns, and other names of columns, which the result does not have.
  const few = file("mass;species\n1001;Adelie\n3001;Gentoo\n");
  const partial = await client.predict(result.cluster_uuid, few);
  expect(partial.rows).toHaveLength(2);
  expect(partial.warnings.join("\n")).toMatch(/'beak', 'island'.*silent/);
  await expect(client.predict(result.cluster_uuid, file("a,b\n1,2\n"))).rejects.toThrow(/no column that the cluster/);
  const strange = client.predict(result.cluster_uuid, file("beak,mass\nlong,1000\n"));
  await expect(strange).rejects.toThrow(/'beak'.*'long' is not a number/);

  const stream = Array.from({ length: 60 }, (_, index) => ({
    mass: 1000 * (1 + (index % 3)),
    species: SPECIES[index % 3],
  }));
  const learnt = await client.learn(result.cluster_uuid, stream, { prequential: true, window: 10 });
  expect(learnt).toMatchObject({ rows: 60, learnt: 60, scores: { recent: { rows: 10 }, all: { rows: 60 } } });
  expect(learnt.scores?.recent.accuracy).toBeGreaterThan(0.8);
  await forget();
});

test("numbers, in their own unit; hostile names; the same seed gives the same scores", async () => {
  const lines = Array.from(
    { length: 60 },
    (_, index) => `${index % 20},"a ""b""\n${index % 2}",${(index % 20) * 100 - 500.5}`,
  );
  const text = ['__proto__,"it\'s, ""x""",constructor', ...lines].join("\r\n");
  const first = await fitted(text, { target: "constructor" });
  expect(first.result).toMatchObject({ kind: "number", baseline: { mean: expect.any(Number) } });
  expect(first.result.metrics.rmse).toBeLessThan(first.result.baseline.rmse as number);
  const { rows } = await client.predict(first.result.cluster_uuid, file(text));
  expect(rows).toHaveLength(60);
  expect(rows[0]).toEqual({ predicted_constructor: expect.any(Number) });
  await first.forget();
  const second = await fitted(text, { target: "constructor" });
  expect(second.result.metrics).toEqual(first.result.metrics);
  await second.forget();
});

test.each([
  ["an empty file", "", "x", "The file is empty"],
  ["only a header", "x,y\n", "x", /./],
  ["one row", "x,y\n1,2\n", "y", "has a value in 1 row only"],
  ["a missing target", "x,y\n1,2\n", "z", "There is no column 'z'; the file has columns 'x', 'y'"],
  ["a constant target", `x,y\n${"1,a\n".repeat(9)}`, "y", "the same value in every row"],
  ["a target without a value", `x,y\n${"1,\n".repeat(9)}`, "y", "no value in any row"],
  ["a target of ids", `x,y\n${Array.from({ length: 9 }, (_, i) => `1,id${i}\n`).join("")}`, "y", "like an id"],
  ["no other column", `y\n${"a\nb\n".repeat(9)}`, "y", "no column besides the target"],
  ["times", `x,y\n${Array.from({ length: 9 }, (_, i) => `1,2020-01-0${i + 1}\n`).join("")}`, "y", "has times"],
])("%s is refused, and leaves nothing", async (_what, text, target, message) => {
  await expect(client.fit(file(text), { target })).rejects.toThrow(message);
  expect(await leftovers()).toEqual([]);
});

test("an abort leaves nothing; small whole numbers are guessed to be classes, and can be learnt as a number", async () => {
  const abort = new AbortController();
  const onProgress = ({ step }: { step: string }) => {
    if (step === "measure") abort.abort(new Error("enough"));
  };
  const options = { target: "species", onProgress, signal: abort.signal };
  await expect(client.fit(file(birdsCsv()), options)).rejects.toThrow("enough");
  expect(await leftovers()).toEqual([]);

  const text = `x,y\n${Array.from({ length: 30 }, (_, index) => `${index % 3},${index % 3}\n`).join("")}`;
  const guessed = await fitted(text, { target: "y" });
  expect(guessed.result).toMatchObject({ kind: "class" });
  expect(guessed.result.warnings.join("\n")).toContain("--kind number");
  await guessed.forget();
  const told = await fitted(text, { target: "y", kind: "number" });
  expect(told.result).toMatchObject({ kind: "number", warnings: ["only 6 rows are held out: the scores are rough"] });
  await expect(client.fit(file(birdsCsv()), { target: "species", kind: "number" })).rejects.toThrow(TableError);
  await told.forget();
});
