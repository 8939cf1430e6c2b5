import { readdir, readFile, stat } from "node:fs/promises";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { openDatasetFile } from "../../src/datasets/file/reader.ts";
import { idxImages, idxLabels, importMnistBytes, smallIdxPair, temporaryFolder } from "./support.ts";

const mnistFolder = process.env["HANAMI_MNIST_DIR"] ?? "../shared/data/mnist";

describe("IDX import", () => {
  test("pixels stay the same, labels become one of ten", async () => {
    const folder = await temporaryFolder();
    const { input, label } = smallIdxPair(23);
    const reader = await openDatasetFile(await importMnistBytes(folder, input, label));
    expect(reader).toMatchObject({
      name: "test",
      type: "uint8",
      rowCount: 23,
      columnCount: 14,
      groups: [
        { name: "picture", column_start: 0, column_end: 4 },
        { name: "label", column_start: 4, column_end: 14 },
      ],
    });
    expect(Buffer.from(await reader.readGroup("picture", 0, 23))).toEqual(input.subarray(16));
    expect([...(await reader.readGroup("label", 12, 1))]).toEqual([0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
    await reader.close();
  });

  const pixels = new Uint8Array(8);
  const goodImages = idxImages({ count: 2, height: 2, breadth: 2, pixels });
  const goodLabels = idxLabels([1, 2]);
  test.each<[string, Uint8Array, Uint8Array, string]>([
    ["empty images", new Uint8Array(), goodLabels, "the image file has 0 bytes, less than an IDX header"],
    ["swapped files", goodLabels, goodImages, "the image file has 10 bytes, less than an IDX header"],
    [
      "labels twice",
      idxLabels(Array.from({ length: 20 }, () => 1)),
      goodLabels,
      "the image file is not an IDX image file (magic 2049 instead of 2051): it holds labels",
    ],
    [
      "images twice",
      goodImages,
      goodImages,
      "the label file is not an IDX label file (magic 2051 instead of 2049): it holds images",
    ],
    [
      "compressed images",
      Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 0]), Buffer.alloc(30)]),
      goodLabels,
      "the image file is not IDX, but gzip: unpack it first",
    ],
    [
      "truncated images",
      goodImages.subarray(0, 23),
      goodLabels,
      "the image file has 23 bytes, but 2 images of 2 x 2 pixels take 24",
    ],
    [
      "images with something behind them",
      Buffer.concat([goodImages, Buffer.from([0])]),
      goodLabels,
      "the image file has 25 bytes, but 2 images of 2 x 2 pixels take 24",
    ],
    [
      "truncated label header",
      goodImages,
      goodLabels.subarray(0, 7),
      "the label file has 7 bytes, less than an IDX header",
    ],
    ["truncated labels", goodImages, goodLabels.subarray(0, 9), "the label file has 9 bytes, but 2 labels take 10"],
    ["one label less", goodImages, idxLabels([1]), "2 images, but 1 labels"],
    ["one label more", goodImages, idxLabels([1, 2, 3]), "2 images, but 3 labels"],
    ["a label above 9", goodImages, idxLabels([9, 10]), "label 10 at row 2 is not a digit from 0 to 9"],
    [
      "no images",
      idxImages({ count: 0, height: 2, breadth: 2, pixels: new Uint8Array() }),
      idxLabels([]),
      "the image file has no images",
    ],
    [
      "images without pixels",
      idxImages({ count: 2, height: 0, breadth: 2, pixels: new Uint8Array() }),
      goodLabels,
      "images of 0 x 2 pixels",
    ],
    [
      "absurd images",
      idxImages({ count: 0xffffffff, height: 0xffffffff, breadth: 0xffffffff, pixels }),
      goodLabels,
      "images of 4294967295 x 4294967295 pixels",
    ],
    [
      "absurd counts",
      idxImages({ count: 0xffffffff, height: 2, breadth: 2, pixels }),
      goodLabels,
      "the image file has 24 bytes, but 4294967295 images of 2 x 2 pixels take 17179869196",
    ],
  ])("refuses %s and leaves nothing behind", async (_, input, label, reason) => {
    const folder = await temporaryFolder();
    await expect(importMnistBytes(folder, input, label)).rejects.toThrow(reason);
    expect((await readdir(folder)).toSorted()).toEqual(["input", "label"]);
  });

  test.skipIf(!existsSync(mnistFolder))("the real training set takes 47.6 MB", async () => {
    const folder = await temporaryFolder();
    const load = async (name: string) => gunzipSync(await readFile(join(mnistFolder, `${name}.gz`)));
    const images = await load("train-images-idx3-ubyte");
    const path = await importMnistBytes(folder, images, await load("train-labels-idx1-ubyte"));
    expect((await stat(path)).size).toBeLessThan(60_000 * 794 + 1_000);
    const reader = await openDatasetFile(path);
    expect(reader).toMatchObject({ rowCount: 60_000, columnCount: 794 });
    const pictures = await reader.readGroup("picture", 0, 60_000);
    expect(Buffer.from(pictures.buffer).equals(images.subarray(16))).toBe(true);
    await reader.close();
  });
});
