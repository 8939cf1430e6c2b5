import { open, type FileHandle } from "node:fs/promises";
import { MAX_COLUMNS } from "../file/layout.ts";
import { type DatasetWriter, createDatasetFile } from "../file/writer.ts";
import { ImportError, type ImportFile } from "./import-job.ts";

const IMAGES_MAGIC = 2051;
const LABELS_MAGIC = 2049;
const CLASSES = 10;
const idxNumbers: Record<number, string> = {
  0x08: "bytes",
  0x09: "signed bytes",
  0x0b: "16-bit integers",
  0x0c: "32-bit integers",
  0x0d: "32-bit floats",
  0x0e: "64-bit floats",
};
const BATCH_BYTES = 4 * 1024 * 1024;

/**
 * Imports an IDX pair as uint8: group `picture` with the unchanged pixels (0…255), group `label` with the one-hot class
 * of ten. Throws ImportError when the two files are not exactly such a pair.
 */
export async function importMnist(job: ImportFile): Promise<string[]> {
  const images = await open(job.input, "r");
  try {
    const labels = await open(job.label as string, "r");
    try {
      await convert(job, images, labels);
      // Bytes are never changed, so there are no warnings.
      return [];
    } finally {
      await labels.close();
    }
  } finally {
    await images.close();
  }
}

async function convert(job: Omit<ImportFile, "input">, images: FileHandle, labels: FileHandle): Promise<void> {
  const { count, width } = await readImagesHeader(images);
  await checkLabelsHeader(labels, count);
  const writer = await createDatasetFile(job.target, {
    rowsMax: job.rowsMax,
    bytesMax: job.bytesMax,
    name: job.name,
    type: "uint8",
    groups: [
      { name: "picture", column_start: 0, column_end: width },
      { name: "label", column_start: width, column_end: width + CLASSES },
    ],
  });
  try {
    await copyRows(writer, { images, labels, count, width });
    await writer.finish();
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

async function copyRows(
  writer: DatasetWriter,
  { images, labels, count, width }: { images: FileHandle; labels: FileHandle; count: number; width: number },
): Promise<void> {
  const rowsPerBatch = Math.max(1, Math.floor(BATCH_BYTES / width));
  for (let first = 0; first < count; first += rowsPerBatch) {
    const rows = Math.min(rowsPerBatch, count - first);
    const pixels = await readBytes(images, 16 + first * width, rows * width);
    const classes = await readBytes(labels, 8 + first, rows);
    const oneHot = new Uint8Array(rows * CLASSES);
    for (const [row, label] of classes.entries()) {
      if (label >= CLASSES)
        throw new ImportError(`label ${label} at row ${first + row + 1} is not a digit from 0 to 9`);
      oneHot[row * CLASSES + label] = 1;
    }
    await writer.appendGroups(rows, [pixels, oneHot]);
  }
}

/** Content of an IDX file, by the third and fourth byte of its magic. */
function describeMagic(magic: number): string {
  if (magic === LABELS_MAGIC) return ": it holds labels";
  if (magic === IMAGES_MAGIC) return ": it holds images";
  const numbers = magic >>> 16 === 0 ? idxNumbers[magic >>> 8] : undefined;
  return numbers === undefined ? "" : `: it holds ${numbers} in ${magic & 255} dimensions`;
}

async function readImagesHeader(file: FileHandle): Promise<{ count: number; width: number }> {
  const { size } = await file.stat();
  if (size < 16) throw new ImportError(`the image file has ${size} bytes, less than an IDX header`);
  const header = await readBytes(file, 0, 16);
  const magic = header.readUInt32BE(0);
  if (magic !== IMAGES_MAGIC) {
    throw new ImportError(
      `the image file is not an IDX image file (magic ${magic} instead of ${IMAGES_MAGIC})${describeMagic(magic)}`,
    );
  }
  const count = header.readUInt32BE(4);
  const [height, breadth] = [header.readUInt32BE(8), header.readUInt32BE(12)];
  const width = height * breadth;
  if (count === 0) throw new ImportError("the image file has no images");
  if (width === 0 || width + CLASSES > MAX_COLUMNS) throw new ImportError(`images of ${height} x ${breadth} pixels`);
  const expected = 16 + count * width;
  if (size !== expected) {
    throw new ImportError(
      `the image file has ${size} bytes, but ${count} images of ${height} x ${breadth} pixels take ${expected}`,
    );
  }
  return { count, width };
}

async function checkLabelsHeader(file: FileHandle, imageCount: number): Promise<void> {
  const { size } = await file.stat();
  if (size < 8) throw new ImportError(`the label file has ${size} bytes, less than an IDX header`);
  const header = await readBytes(file, 0, 8);
  const magic = header.readUInt32BE(0);
  if (magic !== LABELS_MAGIC) {
    throw new ImportError(
      `the label file is not an IDX label file (magic ${magic} instead of ${LABELS_MAGIC})${describeMagic(magic)}`,
    );
  }
  const count = header.readUInt32BE(4);
  if (size !== 8 + count) {
    throw new ImportError(`the label file has ${size} bytes, but ${count} labels take ${8 + count}`);
  }
  if (count !== imageCount) throw new ImportError(`${imageCount} images, but ${count} labels`);
}

async function readBytes(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  for (let done = 0; done < length;) {
    const { bytesRead } = await file.read(bytes, done, length - done, position + done);
    if (bytesRead === 0) throw new ImportError("the file became shorter while it was read");
    done += bytesRead;
  }
  return bytes;
}
