import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { smallTemplate } from "../support/compute.ts";
import { startCliServer, type CliServer } from "./run-cli.ts";

// Each step starts a process, which takes a second on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

let server: CliServer;
let dataset = "";
let cluster = "";
beforeAll(async () => {
  server = await startCliServer();
  const [table, template] = ["table.csv", "template"].map((name) => join(server.app.dataDir, name)) as [string, string];
  await writeFile(table, 'time:ms,"a,b",c d,äöü,e\\f,-x\n1,2,3,4,5,6\n7,8,9,10,11,12\n');
  await writeFile(template, smallTemplate);
  ({ uuid: dataset } = await server.json<{ uuid: string }>("dataset", "create", "csv", "-i", table, "names"));
  ({ uuid: cluster } = await server.json<{ uuid: string }>("cluster", "create", "-t", template, "cluster"));
});
afterAll(() => server.app.close());

test("columns with separators in their names are bound with backslashes, and results get such names", async () => {
  const bind = (column: string, hexagon: string) => `${dataset}:${column}:${hexagon}`;
  const of = ["-c", cluster, "--wait"];
  for (const [input, output] of [
    [String.raw`time\:ms`, String.raw`a\,b`],
    ["c d", "äöü"],
    [String.raw`e\\f`, "-x"],
  ] as const) {
    const bindings = ["-i", bind(input, "picture_hex"), "-o", bind(output, "label_hex")];
    const { state } = await server.json<{ state: string }>("task", "create", "train", ...bindings, ...of, "learn");
    expect([input, state]).toEqual([input, "finished"]);
  }
  const question = ["-i", bind(String.raw`time\:ms`, "picture_hex"), "-r", String.raw`label_hex:1\:2\,3\\4`];
  const { uuid } = await server.json<{ uuid: string }>("task", "create", "request", ...question, ...of, "question");
  const content = await server.json<number[][]>("dataset", "content", uuid, "-c", String.raw`1:2,3\4`, "-n", "2");
  expect(content.map((row) => row.length)).toEqual([1, 1]);
});

test("names outside of a binding need no backslashes", async () => {
  for (const [index, name] of ["time:ms", "a,b", "c d", "äöü", "e\\f", "-x"].entries()) {
    expect(await server.json("dataset", "content", dataset, "-c", name, "-n", "2")).toEqual([[index + 1], [index + 7]]);
    const header = name.includes(",") ? `"${name}"` : name;
    expect(await server.text("dataset", "download", dataset, "-c", name, "-o", "-")).toBe(
      `${header}\n${index + 1}\n${index + 7}\n`,
    );
  }
  const shown = await server.json<{ description: object }>("dataset", "get", dataset);
  expect(Object.keys(shown.description)).toContain("time:ms");
});

test("rows beyond the end are refused with the number of rows", async () => {
  const { code, stdout } = await server.cli(["dataset", "content", dataset, "-c", "c d", "-o", "1", "-n", "5"]);
  expect([code, stdout]).toEqual([
    1,
    `status 400: err Dataset with UUID '${dataset}' is invalid and can not be read. ` +
      "It has 2 rows, and rows 1 to 5, counted from 0, were asked for.\n",
  ]);
});
