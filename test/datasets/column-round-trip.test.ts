import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { exportTable } from "../../src/datasets/export/table.ts";
import { openDatasetFile } from "../../src/datasets/file/reader.ts";
import { downloadIn } from "../../src/datasets/formats.ts";
import { carryOut } from "../../src/datasets/import/carry-out.ts";
import type { ImportOptions } from "../../src/datasets/import/import-job.ts";
import { temporaryFolder } from "./support.ts";

const TEXT =
  'n,c,"g_0","g_1",yes,day,at,"odd, name"\n' +
  "-1.5,a,1,2,true,2012-01-01,2012-01-01T06:30:00,x\n" +
  ',"b, ""q""\nline",3,4,,,,\n' +
  "2.25,a,5,6,false,2012-03-01,2012-01-02T00:00:00,y\n" +
  "3,,7,8,true,1999-12-31,,\n";

/** Everything that a dataset is: cells, NaN where one is missing, and facts. */
async function contentOf(path: string) {
  const reader = await openDatasetFile(path);
  const groups = [];
  for (const [index, group] of reader.groups.entries()) {
    const width = group.column_end - group.column_start;
    const cells = new Float32Array(width * reader.rowCount);
    await reader.fillCells(cells, group.name, 0, reader.rowCount);
    groups.push({ ...group, cells: [...cells], facts: reader.columns[index] });
  }
  await reader.close();
  return groups;
}

async function importFile(
  folder: string,
  type: "csv" | "parquet" | "arrow",
  bytes: string | Uint8Array,
  options: ImportOptions = {},
) {
  const job = { type, name: "any", input: join(folder, "in"), target: join(folder, type), ...options };
  await writeFile(job.input, bytes);
  expect(await carryOut(job)).toMatchObject({ kind: "done" });
  return job.target;
}

async function download(path: string, format: "csv" | "parquet" | "arrow"): Promise<Buffer> {
  const reader = await openDatasetFile(path);
  const write = await downloadIn(format).writer();
  const pieces: Uint8Array[] = [];
  for await (const piece of write(exportTable(reader, undefined))) pieces.push(piece);
  await reader.close();
  return Buffer.concat(pieces);
}

test.each(["csv", "parquet", "arrow"] as const)("a download as %s comes back as the same dataset", async (format) => {
  const folder = await temporaryFolder();
  const path = await importFile(folder, "csv", TEXT);
  const content = await contentOf(path);
  expect(content.map(({ name }) => name)).toEqual(["n", "c", "g", "yes", "day", "at", "odd, name"]);
  const bytes = await download(path, format);
  if (format === "csv") expect(bytes.toString()).toBe(TEXT);
  expect(await contentOf(await importFile(folder, format, bytes))).toEqual(content);
});

test("a row without any value stays one", async () => {
  const folder = await temporaryFolder();
  const path = await importFile(folder, "csv", "a,b\nx,1\nNA,NA\n");
  const bytes = await download(path, "csv");
  expect(bytes.toString()).toBe("a,b\nx,1\nNA,\n");
  expect(await contentOf(await importFile(folder, "csv", bytes))).toEqual(await contentOf(path));
});

test.each(["parquet", "arrow"] as const)("%s takes columns to drop and kinds", async (format) => {
  const folder = await temporaryFolder();
  const bytes = await download(await importFile(folder, "csv", TEXT), format);
  const target = await importFile(folder, format, bytes, {
    drop: ["c", "at"],
    kinds: { n: "category", yes: "number" },
  });
  const content = await contentOf(target);
  expect(content.map(({ name, facts }) => [name, facts?.kind])).toEqual([
    ["n", "category"],
    ["g", undefined],
    ["yes", "number"],
    ["day", "time"],
    ["odd, name", "category"],
  ]);
  const job = { type: format, name: "any", input: join(folder, "in"), target, kinds: { c: "number" as const } };
  expect(await carryOut(job)).toEqual({
    kind: "refused",
    reason: "kinds: column 'c' holds texts, which are no number",
  });
});
