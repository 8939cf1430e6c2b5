import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import type { LabelledImages } from "./digits.ts";

/** A pair of files in the format of the MNIST database. */
export interface IdxPair {
  count: number;
  images: Uint8Array;
  labels: Uint8Array;
}

const UNSIGNED_BYTES = 0x08;

/** IDX: zero, zero, element type, number of dimensions; each dimension as a big-endian u32; the elements. */
function encodeIdx(dimensions: number[], elements: Uint8Array): Uint8Array {
  const header = new DataView(new ArrayBuffer(4 + 4 * dimensions.length));
  header.setUint32(0, (UNSIGNED_BYTES << 8) | dimensions.length);
  for (const [index, length] of dimensions.entries()) header.setUint32(4 + 4 * index, length);
  return Buffer.concat([new Uint8Array(header.buffer), elements]);
}

export function encodePair({ count, rows, columns, pixels, labels }: LabelledImages): IdxPair {
  return { count, images: encodeIdx([count, rows, columns], pixels), labels: encodeIdx([count], labels) };
}

/** Reads `train-images-idx3-ubyte` and the like, with `.idx3` or `-idx3`, packed (`.gz`) or not. */
async function readIdxFile(folder: string, stem: string, dimensions: number): Promise<Uint8Array> {
  const names = ["-", "."].flatMap((separator) => {
    const name = `${stem}${separator}idx${dimensions}-ubyte`;
    return [name, `${name}.gz`];
  });
  const name = names.find((candidate) => existsSync(join(folder, candidate)));
  if (name === undefined) throw new Error(`${folder} has none of ${names.join(", ")}`);
  const bytes = await readFile(join(folder, name));
  return name.endsWith(".gz") ? promisify(gunzip)(bytes) : bytes;
}

/** Reads one half of the MNIST database from a folder: `train` or `t10k`. */
export async function readMnist(folder: string, half: "train" | "t10k"): Promise<IdxPair> {
  const images = await readIdxFile(folder, `${half}-images`, 3);
  const labels = await readIdxFile(folder, `${half}-labels`, 1);
  return { count: new DataView(labels.buffer, labels.byteOffset).getUint32(4), images, labels };
}
