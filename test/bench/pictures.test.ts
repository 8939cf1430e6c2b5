import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, expect, test } from "vitest";
import { CLASSES, idx, PIXELS, readMnist } from "../../bench/harness/digits.ts";

const folders: string[] = [];
afterEach(() => folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true })));

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "hanami-pictures-"));
  folders.push(folder);
  return folder;
}

test("pictures are read from another folder, packed with gzip or not", () => {
  const pixels = Uint8Array.from({ length: 3 * PIXELS }, (_, i) => i % 251);
  const [images, labels] = [idx([3, 28, 28], pixels), idx([3], Uint8Array.of(7, 0, 9))];
  const [plain, packed] = [newFolder(), newFolder()];
  writeFileSync(join(plain, "train-images-idx3-ubyte"), images);
  writeFileSync(join(plain, "train-labels-idx1-ubyte"), labels);
  writeFileSync(join(packed, "train-images-idx3-ubyte.gz"), gzipSync(images));
  writeFileSync(join(packed, "train-labels-idx1-ubyte.gz"), gzipSync(labels));
  const found = readMnist("train", 1, 3, plain)!;
  expect([found.count, found.labels.indexOf(1), found.labels.lastIndexOf(1)]).toEqual([2, 0, CLASSES + 9]);
  expect(found.pixels).toEqual(pixels.slice(PIXELS));
  expect(readMnist("train", 1, 3, packed)).toEqual(found);
  expect(readMnist("train", 1, 3, newFolder())).toBeUndefined();
});
