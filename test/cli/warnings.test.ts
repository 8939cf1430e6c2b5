import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startCliServer, type CliServer } from "./run-cli.ts";

let server: CliServer;
beforeAll(async () => {
  server = await startCliServer();
});
afterAll(() => server.app.close());

async function file(text: string): Promise<string> {
  const path = join(server.app.dataDir, "input.csv");
  await writeFile(path, text);
  return path;
}

const rounded =
  "column 'id': 1 whole number changes its value as a 32-bit float; the first is 16777217 in row 1, which becomes 16777216";
const left = "1 row of nothing but delimiters at the end is left out; the first is line 3";

test("an import's warnings are printed on standard error, in JSON and in the dataset's table", async () => {
  const path = await file("id,x\n16777217,1\n,\n");
  const asTable = await server.cli(["dataset", "create", "csv", "-i", path, "warned"]);
  expect(asTable).toMatchObject({ code: 0, stderr: `warning: ${left}\nwarning: ${rounded}\n` });
  expect(asTable.stdout).not.toContain("WARNINGS");
  const asJson = await server.json<{ uuid: string; warnings: string[] }>(
    "dataset",
    "create",
    "csv",
    "-i",
    path,
    "warned",
  );
  expect(asJson.warnings).toEqual([left, rounded]);
  const table = await server.text("dataset", "get", asJson.uuid);
  expect(table).toMatch(/WARNINGS +\| 1 row of nothing/);
  expect(table).toContain(rounded);
});

test("--exact, --no-header and --header control how a CSV file is read", async () => {
  const ids = await file("id,x\n16777217,1\n");
  const exact = await server.cli(["dataset", "create", "csv", "-i", ids, "--exact", "refused"]);
  expect(exact.code).not.toBe(0);
  expect(exact.stdout).toContain("row 1 (line 2), column 'id': 16777217 becomes 16777216 as a 32-bit float");

  const numbers = await file("5.1,3.5\n4.9,3\n");
  const guessed = await server.cli(["dataset", "create", "csv", "-i", numbers, "refused"]);
  expect(guessed.code).not.toBe(0);
  expect(guessed.stdout).toContain("--no-header");
  const create = ["dataset", "create", "csv", "-i", numbers];
  interface Shown {
    number_of_rows: number;
    description: object;
  }
  const values = await server.json<Shown>(...create, "--no-header", "values");
  expect([values.number_of_rows, Object.keys(values.description)]).toEqual([2, ["column_0", "column_1"]]);
  const names = await server.json<Shown>(...create, "--header", "names");
  expect([names.number_of_rows, Object.keys(names.description).toSorted()]).toEqual([1, ["3.5", "5.1"]]);
  expect(await server.json("dataset", "list")).toMatchObject({ body: { length: 4 } });
});
