import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

/** Folder of the four gzipped IDX files, or undefined if there is none. */
export const mnistFolder = [process.env["HANAMI_MNIST_DIR"], "../shared/data/mnist"].find(
  (folder) => folder !== undefined && existsSync(join(folder, "train-images-idx3-ubyte.gz")),
);

export interface Digits {
  count: number;
  /** [count][784], 0..255 */
  images: Float32Array;
  /** [count][10], one-hot */
  labels: Float32Array;
}

/** The first `count` digits of "train" or "t10k". */
export function loadDigits(folder: string, part: "train" | "t10k", count: number): Digits {
  const read = (name: string) => gunzipSync(readFileSync(join(folder, `${part}-${name}-ubyte.gz`)));
  const images = new Float32Array(read("images-idx3").subarray(16, 16 + count * 784));
  const labels = new Float32Array(count * 10);
  read("labels-idx1")
    .subarray(8, 8 + count)
    .forEach((digit, row) => (labels[row * 10 + digit] = 1));
  return { count, images, labels };
}

/** Rows `first` up to `end` of an array of `width` columns. */
export function rows(array: Float32Array, width: number, first: number, end: number): Float32Array {
  return array.subarray(first * width, end * width);
}
