import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { openDatasetFile } from "../../src/datasets/file/reader.ts";
import { runImport } from "../../src/datasets/import/run-import.ts";

/** A folder that is deleted after the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "hanami-test-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export function idxImages(options: {
  count: number;
  height: number;
  breadth: number;
  pixels: Uint8Array;
  magic?: number;
}): Buffer {
  const header = Buffer.alloc(16);
  header.writeUInt32BE(options.magic ?? 2051, 0);
  header.writeUInt32BE(options.count, 4);
  header.writeUInt32BE(options.height, 8);
  header.writeUInt32BE(options.breadth, 12);
  return Buffer.concat([header, options.pixels]);
}

export function idxLabels(labels: readonly number[], options: { count?: number; magic?: number } = {}): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt32BE(options.magic ?? 2049, 0);
  header.writeUInt32BE(options.count ?? labels.length, 4);
  return Buffer.concat([header, Uint8Array.from(labels)]);
}

/** Images of 2 × 2 pixels that all differ, with labels 0, 1, 2, … */
export function smallIdxPair(count: number): { input: Buffer; label: Buffer } {
  const pixels = Uint8Array.from({ length: count * 4 }, (_, index) => (index * 7) % 256);
  return {
    input: idxImages({ count, height: 2, breadth: 2, pixels }),
    label: idxLabels(Array.from({ length: count }, (_, index) => index % 10)),
  };
}

export async function importMnistBytes(folder: string, input: Uint8Array, label: Uint8Array): Promise<string> {
  const job = { input: join(folder, "input"), label: join(folder, "label"), target: join(folder, "dataset") };
  await writeFile(job.input, input);
  await writeFile(job.label, label);
  await runImport({ type: "mnist", name: "test", ...job }, 60);
  return job.target;
}

export async function importCsvText(folder: string, text: string | Uint8Array): Promise<string> {
  const job = { input: join(folder, "input"), target: join(folder, "dataset") };
  await writeFile(job.input, text);
  await runImport({ type: "csv", name: "test", ...job }, 60);
  return job.target;
}

export interface Table {
  type: string;
  /** Name → rows. */
  groups: Record<string, number[][]>;
}

/** Everything that a dataset file holds. */
export async function readTable(path: string): Promise<Table> {
  const reader = await openDatasetFile(path);
  try {
    const groups: [string, number[][]][] = [];
    for (const { name, column_start, column_end } of reader.groups) {
      const values = await reader.readGroup(name, 0, reader.rowCount);
      const width = column_end - column_start;
      const rows = Array.from({ length: reader.rowCount }, (_, row) => [
        ...values.subarray(row * width, (row + 1) * width),
      ]);
      groups.push([name, rows]);
    }
    return { type: reader.type, groups: Object.fromEntries(groups) };
  } finally {
    await reader.close();
  }
}
