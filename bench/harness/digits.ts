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

/** "train" has 60 000 rows; "t10k", for tests, has 10 000. */
export type MnistPart = "train" | "t10k";

export const CLASSES = 10;
export const PIXELS = 784;

/**
 * Rows of MNIST, or of the pictures in another folder with files of the same names, packed with gzip or not. Undefined
 * where MNIST's files are neither in HANAMI_MNIST_DIR nor in ../shared/data/mnist, or the folder has none.
 */
export function readMnist(part: MnistPart, first: number, end: number, folder?: string): Digits | undefined {
  const folders = folder === undefined ? [process.env["HANAMI_MNIST_DIR"], "../shared/data/mnist"] : [folder];
  const found = folders.find((each) => each !== undefined && idxFile(each, "train-images-idx3") !== undefined);
  if (found === undefined) return undefined;
  const read = (name: string) => {
    const path = idxFile(found, `${part}-${name}`);
    if (path === undefined) throw new Error(`${found} has no ${part}-${name}-ubyte`);
    return path.endsWith(".gz") ? gunzipSync(readFileSync(path)) : readFileSync(path);
  };
  const labels = new Uint8Array((end - first) * CLASSES);
  read("labels-idx1")
    .subarray(8 + first, 8 + end)
    .forEach((digit, row) => (labels[row * CLASSES + digit] = 1));
  const pixels = Uint8Array.from(read("images-idx3").subarray(16 + first * PIXELS, 16 + end * PIXELS));
  return { name: "MNIST", count: end - first, width: PIXELS, pixels, labels };
}

const idxFile = (folder: string, name: string) =>
  [".gz", ""].map((end) => join(folder, `${name}-ubyte${end}`)).find((path) => existsSync(path));

/** The first rows of MNIST if available, otherwise generated digits. */
export function loadDigits(count: number, part: MnistPart = "train"): Digits {
  return readMnist(part, 0, count) ?? generateDigits(count, PIXELS, part === "train" ? 1 : 2);
}

/**
 * Pictures with a fifth of their pixels lit, in strokes that depend on the class. The same seed gives the same
 * pictures.
 */
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

/** The digit of each row. */
export const classesOf = ({ count, labels }: Digits): Uint8Array =>
  Uint8Array.from({ length: count }, (_, row) => indexOfLargest(labels, row * CLASSES, CLASSES));

/** Rows `first` to `first + count`, in the form that a network takes. */
export function rowsOf({ pixels, labels, width }: Digits, first: number, count: number) {
  return {
    cycles: count,
    timeLength: 1,
    inputs: [{ index: 0, values: pixels.subarray(first * width, (first + count) * width), width }],
    expected: [{ index: 0, values: labels.subarray(first * CLASSES, (first + count) * CLASSES), width: CLASSES }],
  };
}

/** Percent of rows whose largest of `width` values is at the position of the largest expected one. */
export function percentRight(
  shown: ArrayLike<number>,
  expected: ArrayLike<number>,
  width = CLASSES,
  stride = width,
): number {
  const rows = expected.length / stride;
  let right = 0;
  for (let at = 0; at < expected.length; at += stride)
    if (indexOfLargest(shown, at, width) === indexOfLargest(expected, at, width)) right += 1;
  return (100 * right) / rows;
}

function indexOfLargest(values: ArrayLike<number>, from: number, width: number): number {
  let best = 0;
  for (let i = 1; i < width; i++) if (values[from + i]! > values[from + best]!) best = i;
  return best;
}

/** A file in IDX, the format of MNIST: element type and dimensions, then the elements. */
export function idx(dimensions: number[], elements: Uint8Array): Uint8Array {
  const header = Buffer.alloc(4 + 4 * dimensions.length);
  header.writeUInt32BE(0x0800 | dimensions.length);
  dimensions.forEach((length, index) => header.writeUInt32BE(length, 4 + 4 * index));
  return Buffer.concat([header, elements]);
}

/** A sample for direct IO that resembles a picture: a fifth of its values are not 0. */
export function picture(row: number): Float32Array {
  return Float32Array.from({ length: PIXELS }, (_, index) =>
    (index + row * 37) % 5 === 0 ? (index * 13 + row) % 256 : 0,
  );
}

/** The expected output for `picture(row)`. */
export function label(row: number): Float32Array {
  return Float32Array.from({ length: CLASSES }, (_, index) => (index === row % CLASSES ? 1 : 0));
}
