/** From a table to predictions with two commands. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { BIRD_ROWS, birdsCsv, SPECIES } from "../support/bird-table.ts";
import { runCli, startCliServer, type CliServer } from "./run-cli.ts";

// Each step starts a process, which takes a second on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

let server: CliServer;
beforeAll(async () => {
  server = await startCliServer();
});
afterAll(() => server.app.close());

async function file(content: string | Uint8Array, name = "input.csv"): Promise<string> {
  const path = join(server.app.dataDir, name);
  await writeFile(path, content);
  return path;
}

interface Report {
  cluster_uuid: string;
  dataset_uuid: string;
  epochs: number;
  metrics: { accuracy: number };
  baseline: { accuracy: number };
  warnings: string[];
}

test("fit, predict, evaluate and learn", async () => {
  const path = await file(birdsCsv(), "birds of 2020.csv");
  const fit = ["fit", path, "--target", "species", "--seed", "1"];
  const text = await server.cli([...fit, "--name", "first birds"]);
  expect(text).toMatchObject({ code: 0, stderr: expect.stringMatching(/measure .*%.*\nlearn .*100\.0 %.*accuracy/s) });
  expect(text.stdout).toMatch(
    /\| +18 rows +\| network +\| always '\w+' +\|\n.*\n\| accuracy +\| 1?\d?\d\.\d % +\| \d+\.\d % +\|/,
  );
  expect(text.stdout).toContain("cluster 'first birds' (");

  const outcome = await server.cli([...fit, "-j"]);
  expect(outcome).toMatchObject({ code: 0, stderr: "" });
  const report = JSON.parse(outcome.stdout) as Report;
  expect(report.metrics.accuracy).toBeGreaterThan(report.baseline.accuracy);
  expect(report).toMatchObject({
    epochs: expect.any(Number),
    dataset_uuid: expect.any(String),
    warnings: expect.any(Array),
  });

  const output = join(server.app.dataDir, "output.csv");
  const saved = await server.cli(["predict", "birds of 2020", path, "-o", output]);
  expect(saved).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/^warning: column 'column_0': not learnt, and ignored here\n/),
  });
  const lines = (await readFile(output, "utf8")).split("\n");
  const given = birdsCsv().split("\n");
  const names = SPECIES.map((name) => `probability_${name}`).join(",");
  expect(lines[0]).toBe(`${given[0]},predicted_species,${names}`);
  expect(lines.map((line, at) => line.startsWith(given[at] as string))).not.toContain(false);
  const right = lines.filter((line, at) => line.startsWith(`${given[at]},${SPECIES[(at - 1) % 3]},`));
  expect(right.length).toBeGreaterThan(0.9 * BIRD_ROWS);
  const again = await server.cli(["predict", "birds of 2020", path, "-o", output]);
  expect(again).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("exists already") });

  const evaluated = await server.json<Report>("evaluate", report.cluster_uuid, path);
  expect(evaluated.metrics.accuracy).toBeCloseTo(right.length / BIRD_ROWS, 6);
  expect(await server.text("evaluate", report.cluster_uuid, path)).toMatch(
    /truth \\ answer .*precision.*\n\| Adelie +\| \d+/s,
  );

  const learnt = await server.text("learn", report.cluster_uuid, path, "--prequential");
  expect(learnt).toMatch(/\| last 90 \| [01].*\n\| all 90 +\| [01].*\n.*\n90 of 90 rows were learnt\n$/);

  // What only these commands made is gone.
  expect(await server.json("dataset", "list")).toMatchObject({ body: { length: 2 } });
  expect(await server.json("cluster", "list")).toMatchObject({ body: { length: 2 } });
});

test("tasks take tables, too: all columns but some, measured on rows that are held out, and kept in the answers", async () => {
  const path = await file(birdsCsv());
  const dataset = (await server.json<{ uuid: string }>("dataset", "create", "csv", "-i", path, "bird table")).uuid;
  const template = await file(
    "version: 1 settings: hexagons: 1,1,1 2,1,1 inputs: row: 1,1,1 (table) outputs: kind: 2,1,1 (class)",
    "template",
  );
  const cluster = (await server.json<{ uuid: string }>("cluster", "create", "-t", template, "by hand")).uuid;
  const inputs = ["-c", cluster, "-i", `${dataset}:*:row`, "--except", "column_0,island"];
  const train = ["task", "create", "train", "lesson", ...inputs, "-o", `${dataset}:species:kind`, "--epochs", "auto"];
  const trained = await server.json(...train, "--validation", "0.2", "--keep", "best", "--wait");
  expect(trained).toMatchObject({ metrics: { kind: { rows: 18 } }, baseline: { kind: { rows: 18 } } });
  const request = [
    "task",
    "create",
    "request",
    "question",
    ...inputs,
    "-r",
    "kind:answer",
    "--keep_columns",
    "column_0",
  ];
  const { uuid } = await server.json<{ uuid: string }>(...request, "--wait");
  const lines = (await server.text("dataset", "download", uuid, "-o", "-")).split("\n");
  expect(lines[0]).toBe("column_0,answer,probability_Adelie,probability_Chinstrap,probability_Gentoo");
  expect(lines[90]).toMatch(/^89,/);
});

const HOSTILE_CLASSES = ['=cmd|"x"', "\u001b[31mred\u001b[0m; a\nbreak", "ünï, code"];
const quoted = (cell: string) => `"${cell.replaceAll('"', '""')}"`;
/** Semicolons, CRLF, quotes, line breaks and control characters in cells and names, rows that do not count. */
const HOSTILE_ROWS = Array.from({ length: 60 }, (_, index) => [
  String((index % 3) * 10 + (index % 2) / 2).replace(".", ","),
  quoted(`note ${index};\n"x" ${"é".repeat(index % 4)} `),
  quoted(HOSTILE_CLASSES[index % 3] as string),
]);
const NAMES = ["__proto__", quoted('"o", note'), "kind €"];
const hostileText = () => {
  const lines = [NAMES, ...HOSTILE_ROWS].map((cells) => `${cells.join(";")}\r\n`);
  return `${lines.slice(0, 3).join("")};;\r\n\r\n${lines.slice(3).join("")};;\r\n;;`;
};

test("predict keeps every byte of a file, whatever its text is written in", async () => {
  const path = await file(hostileText());
  const { cluster_uuid } = await server.json<Report>(
    "fit",
    path,
    "--target",
    "kind €",
    "--drop",
    '"o", note',
    "--seed",
    "1",
  );
  const utf16 = (text: string, isBig: boolean) => {
    const bytes = Buffer.from(`\ufeff${text}`, "utf16le");
    return isBig ? bytes.swap16() : bytes;
  };
  const text = hostileText();
  const variants: [string, Uint8Array, (output: Buffer) => string][] = [
    ["UTF-8", Buffer.from(text), (output) => output.toString("utf8")],
    ["UTF-8 with a mark", Buffer.from(`\ufeff${text}`), (output) => output.toString("utf8").slice(1)],
    ["UTF-16", utf16(text, false), (output) => output.toString("utf16le").slice(1)],
    ["UTF-16, big end first", utf16(text, true), (output) => output.swap16().toString("utf16le").slice(1)],
    ["gzip", gzipSync(text), (output) => output.toString("utf8")],
  ];
  for (const [what, bytes, read] of variants) {
    const output = join(server.app.dataDir, "hostile.csv");
    await server.text("predict", cluster_uuid, await file(bytes), "-o", output, "--force");
    const written = read(await readFile(output));
    // Without what was added, it is the input.
    const number = String.raw`\d(?:,\d+)?(?:e-\d+)?`;
    const label = String.raw`(?:"(?:[^"]|"")*"|[^";\r\n]*)`;
    const [header, ...rest] = written.split("\r\n");
    // A column's name cannot hold a control character.
    const shares = 'probability_0;"probability_=cmd|""x""";probability_ünï, code';
    expect({ what, header }).toEqual({ what, header: `${NAMES.join(";")};predicted_kind €;${shares}` });
    const added = new RegExp(`;${label};${number};${number};${number}(?=\\r\\n)`, "g");
    const body = rest.join("\r\n");
    expect({ what, body: body.replace(added, ""), count: body.match(added)?.length }).toEqual({
      what,
      body: text.split("\r\n").slice(1).join("\r\n"),
      count: 61,
    });
  }
  const shown = await server.text("evaluate", cluster_uuid, path);
  expect(shown).not.toContain("\u001b");
  expect(shown).toContain(String.raw`\u001b[31mred`);
});

test("errors: JSON on standard error with -j, and exit codes that say which kind", async () => {
  const path = await file(birdsCsv());
  const refused = await server.cli(["fit", path, "--target", "colour", "-j"]);
  expect(refused).toMatchObject({ code: 3, stdout: "" });
  expect(JSON.parse(refused.stderr)).toEqual({ error: expect.stringContaining("no column 'colour'"), status: null });
  const unknown = await server.cli(["predict", "no cluster", path, "-o", "-", "-j"]);
  expect(unknown).toMatchObject({ code: 3, stdout: "" });
  expect(JSON.parse(unknown.stderr)).toMatchObject({ status: 404 });
  const contract = await server.cli(["cluster", "get", "11111111-2222-3333-4444-555555555555", "-j"]);
  expect(contract).toMatchObject({ code: 3, stdout: expect.stringMatching(/^status 404: err /) });
  expect(JSON.parse(contract.stderr)).toMatchObject({ status: 404 });
  const usage = await server.cli(["fit", path, "-j"]);
  expect(usage).toMatchObject({ code: 1, stdout: "" });
  expect(JSON.parse(usage.stderr)).toMatchObject({ error: expect.stringContaining("--target") });
  const env = { ...server.env(), HANAMI_ADDRESS: "http://127.0.0.1:9" };
  const lost = await runCli(["fit", path, "--target", "species"], { env });
  expect(lost).toMatchObject({ code: 4, stdout: "", stderr: expect.stringMatching(/^Error: Cannot reach /) });
  const plain = await server.cli(["fit", await file("PK\u0003\u0004 a spreadsheet"), "--target", "x"]);
  expect(plain).toMatchObject({ code: 3, stdout: "", stderr: expect.stringMatching(/^Error: .*CSV/) });
});
