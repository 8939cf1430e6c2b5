import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

/** Rows of bytes: pictures of `width` pixels and one-hot labels. */
export interface Digits {
  name: string;
  count: number;
  width: number;
  pixels: Uint8Array<ArrayBuffer>;
  labels: Uint8Array<ArrayBuffer>;
}

const CLASSES = 10;

/** Rows of MNIST where it is (HANAMI_MNIST_DIR or ../shared/data/mnist), else generated digits; `t10k` is for tests. */
export function loadDigits(count: number, part: "train" | "t10k" = "train"): Digits {
  const folder = [process.env["HANAMI_MNIST_DIR"], "../shared/data/mnist"].find(
    (each) => each !== undefined && existsSync(join(each, "train-images-idx3-ubyte.gz")),
  );
  if (folder === undefined) return generateDigits(count, 784, part === "train" ? 1 : 2);
  const read = (name: string) => gunzipSync(readFileSync(join(folder, `${part}-${name}-ubyte.gz`)));
  const labels = new Uint8Array(count * CLASSES);
  read("labels-idx1")
    .subarray(8, 8 + count)
    .forEach((digit, row) => (labels[row * CLASSES + digit] = 1));
  const pixels = Uint8Array.from(read("images-idx3").subarray(16, 16 + count * 784));
  return { name: "MNIST", count, width: 784, pixels, labels };
}

/** Pictures of which a fifth is lit, in strokes that depend on the class; the same ones for the same seed. */
export function generateDigits(count: number, width: number, seed = 1): Digits {
  const pixels = new Uint8Array(count * width);
  const labels = new Uint8Array(count * CLASSES);
  let state = seed;
  const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  for (let row = 0; row < count; row++) {
    const digit = Math.floor(random() * CLASSES);
    labels[row * CLASSES + digit] = 1;
    for (let stroke = 0; stroke < width / 20; stroke++) {
      const usual = Math.floor((stroke * 20 + digit * 7 + (stroke % 3) * digit) % width);
      const start = random() < 0.8 ? usual : Math.floor(random() * width);
      for (let k = 0; k < 4; k++) pixels[row * width + ((start + k) % width)] = 64 + Math.floor(random() * 192);
    }
  }
  return { name: `generated, ${width} wide`, count, width, pixels, labels };
}

/** Rows `first` to `first + count`. */
export function rowsOf({ pixels, labels, width }: Digits, first: number, count: number) {
  return {
    inputs: [{ index: 0, values: pixels.subarray(first * width, (first + count) * width), width }],
    expected: [{ index: 0, values: labels.subarray(first * CLASSES, (first + count) * CLASSES), width: CLASSES }],
  };
}
