import { fork } from "node:child_process";
import { once } from "node:events";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { exportTable } from "../../src/datasets/export/table.ts";
import { writeArrow } from "../../src/datasets/export/write-arrow.ts";
import { writeNpy } from "../../src/datasets/export/write-npy.ts";
import { writeParquet } from "../../src/datasets/export/write-parquet.ts";
import { openDatasetFile } from "../../src/datasets/file/reader.ts";
import { carryOut, type ImportJob } from "../../src/datasets/import/carry-out.ts";
import type { ImportOutcome } from "../../src/datasets/import/import-job.ts";
import { importCsvText, smallIdxPair, temporaryFolder } from "../datasets/support.ts";
import { createRandom } from "../support/random.ts";
import { cases, flatHeap, seed, timeout } from "./setting.ts";
import { mutate } from "./values.ts";

const partials = async (folder: string) => (await readdir(folder)).filter((name) => name.endsWith(".partial"));

test("IDX and CSV files are imported or refused, and leave no partial file", { timeout }, async () => {
  const random = createRandom(seed + 4);
  const folder = await temporaryFolder();
  const pair = smallIdxPair(20);
  const csv = Buffer.from('a,b,"c"\n1,2,3\n-4.5,true,\n,,\n\n, "null" ,16777217\r\n,,\n');
  const job = { name: "fuzz", input: join(folder, "input"), target: join(folder, "target") };
  const label = join(folder, "label");
  const watchHeap = flatHeap(cases >> 1);
  let refused = 0;
  for (let count = 0; count < cases >> 1; count++) {
    await writeFile(job.input, mutate(random, count % 2 === 0 ? pair.input : csv));
    await writeFile(label, random.int(0, 1) === 0 ? pair.label : mutate(random, pair.label));
    const options = { has_header: [undefined, true, false][random.int(0, 2)], exact: random.int(0, 1) === 0 };
    const outcome = await carryOut(
      count % 2 === 0 ? { type: "mnist", ...job, label } : { type: "csv", ...job, ...options },
    );
    if (outcome.kind === "failed") throw new Error(`case ${count} of seed ${seed}: ${outcome.error}`);
    if (outcome.kind === "refused") refused++;
    watchHeap(count + 1);
  }
  expect(await partials(folder)).toEqual([]);
  expect(refused).toBeGreaterThan(0);
});

/** Far more than any of these small files takes; the server's own import process gets minutes. */
const patienceMs = 30_000;

/** A process that imports one file after another. Rejects if a file crashes or hangs it. */
function importProcess() {
  const execArgv = ["--max-old-space-size=512"];
  const child = fork(new URL("./import-jobs-process.js", import.meta.url), { execArgv });
  onTestFinished(() => void child.kill("SIGKILL"));
  return async (job: ImportJob): Promise<ImportOutcome> => {
    const ended = new AbortController();
    const end = () => ended.abort();
    child.once("exit", end);
    const timer = setTimeout(() => child.kill("SIGKILL"), patienceMs);
    try {
      const answer = once(child, "message", { signal: ended.signal });
      child.send(job);
      return (await answer)[0] as ImportOutcome;
    } finally {
      clearTimeout(timer);
      child.off("exit", end);
    }
  };
}

test.each([
  ["parquet", writeParquet],
  ["arrow", writeArrow],
  ["npy", writeNpy],
] as const)("%s files are imported or refused, and leave no partial file", { timeout }, async (type, write) => {
  const random = createRandom(seed + 6);
  const folder = await temporaryFolder();
  const rows = Array.from({ length: 30 }, (_, row) => `${row},${row / 7},${row % 2}`);
  const reader = await openDatasetFile(await importCsvText(folder, `a,b,c\n${rows.join("\n")}\n`));
  const bytes = await collect(write(exportTable(reader, type === "npy" ? "a" : undefined)));
  await reader.close();
  const runImport = importProcess();
  const job: ImportJob = { type, name: "fuzz", input: join(folder, "fuzzed"), target: join(folder, "target") };
  let refused = 0;
  for (let count = 0; count < cases >> 2; count++) {
    await writeFile(job.input, mutate(random, bytes));
    const outcome = await runImport(job).catch((error: unknown) => {
      throw new Error(`case ${count} of seed ${seed} ended the process`, { cause: error });
    });
    if (outcome.kind === "failed") throw new Error(`case ${count} of seed ${seed}: ${outcome.error}`);
    if (outcome.kind === "refused") refused++;
  }
  expect(await partials(folder)).toEqual([]);
  expect(refused).toBeGreaterThan(0);
});

async function collect(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
}
