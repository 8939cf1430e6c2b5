// Bytes are matched as Latin-1 text, because control characters distinguish formats.
// oxlint-disable no-control-regex
import { open } from "node:fs/promises";
import { FORMAT_NAMES, formats, type FormatName } from "../formats.ts";
import type { FileKind } from "./import-job.ts";
import { readBytes } from "./read-file.ts";

const ZIP = /^PK(?:\x03\x04|\x05\x06)/;
const HEAD_BYTES = 512;
/** The directory of a ZIP archive is at its end. */
const TAIL_BYTES = 65_536;

const GZIP = /^\x1f\x8b/;
const UNPACK = "unpack it first";
const SAVE = "save it as CSV";

/** First bytes, as Latin-1; name, advice, and the format for its import. */
type BinaryKind = [RegExp, string, string, FormatName?];

const ownKinds = FORMAT_NAMES.flatMap((format): BinaryKind[] => {
  const { name, start } = formats[format];
  return start === undefined ? [] : [[start, name, "upload it as such", format]];
});

const binaryKinds: BinaryKind[] = [
  ...ownKinds,
  [GZIP, "gzip", UNPACK],
  [/^BZh/, "bzip2", UNPACK],
  [/^\xfd7zXZ\0/, "xz", UNPACK],
  [/^\x28\xb5\x2f\xfd/, "zstd", UNPACK],
  [/^\x04\x22\x4d\x18/, "LZ4", UNPACK],
  [/^7z\xbc\xaf\x27\x1c/, "a 7z archive", UNPACK],
  [/^Rar!/, "a RAR archive", UNPACK],
  [/^.{257}ustar/s, "a TAR archive", UNPACK],
  [/^\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1/, "an old Excel workbook (xls)", SAVE],
  [/^SQLite format 3\0/, "an SQLite database", "export its table as CSV"],
  [/^.{8}DUCK/s, "a DuckDB database", "export its table as CSV"],
  [/^.{0,512}?\x89HDF\r\n\x1a\n/s, "HDF5", SAVE],
  [/^MATLAB 5\.0 MAT-file/, "a MATLAB file", SAVE],
  [/^ORC/, "ORC", SAVE],
  [/^Obj\x01/, "Avro", SAVE],
  [/^\x80[\x02-\x05]/, "a Python pickle", SAVE],
  [/^.{8}\{"/s, "safetensors", "checkpoints are uploaded as such"],
  [/^\x89PNG/, "a PNG picture", "pictures are uploaded as IDX, CSV or a table"],
  [/^\xff\xd8\xff/, "a JPEG picture", "pictures are uploaded as IDX, CSV or a table"],
  [/^(?:\xff\xfe\0\0|\0\0\xfe\xff)/, "UTF-32 text", "save it as CSV in UTF-8"],
  [/^(?:(?:[\t\r\n -~]\0\0\0){4}|(?:\0\0\0[\t\r\n -~]){4})/, "UTF-32 text", "save it as CSV in UTF-8"],
];

/** First characters after blanks and a byte order mark, in lower case. */
const textKinds: [RegExp, string, string][] = [
  [/^%pdf-/, "a PDF document", SAVE],
  [/^<(?:!doctype html|html|head|body|table)\b/, "an HTML page", "it may be an error page; download the file itself"],
  [/^<(?:\?xml|[a-z!])/, "XML", SAVE],
  [/^(?:\{\s*["}]|\[\s*(?:["[{\]\d-]|true|false|null))/, "JSON", SAVE],
  // Names and titles may contain blanks, so two numbers decide.
  [/^[^\n,;\t|]*\n *[\d.+-][^\s,;|]* +[\d.+-]/, "text separated by blanks", "separate cells by commas"],
];

/** Kinds of ZIP archives by the names in their directory. */
const zipKinds: [string, string, string][] = [
  ["xl/workbook", "an Excel workbook (xlsx)", SAVE],
  ["word/document", "a Word document (docx)", SAVE],
  ["META-INF/manifest.xml", "an OpenDocument file (ods)", SAVE],
  [".npy", "an NPZ archive", "save one array as NPY"],
];

/**
 * Explains why a file that could not be imported in a format is not of this format, if its first bytes identify another
 * one; else undefined.
 */
export async function otherKind(path: string, wanted: FormatName): Promise<string | undefined> {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    const head = await readBytes(file, 0, Math.min(HEAD_BYTES, size));
    const tailBytes = Math.min(TAIL_BYTES, size);
    const tail = async () => Buffer.from(await readBytes(file, size - tailBytes, tailBytes));
    // Text may be packed.
    if (wanted === "csv" && GZIP.test(Buffer.from(head).toString("latin1"))) return undefined;
    const kind = kindOfHead(Buffer.from(head), await zipKind(Buffer.from(head), tail));
    if (kind === undefined || kind.format === wanted) return undefined;
    return `not ${formats[wanted].name}, but ${kind.name}: ${kind.advice}`;
  } finally {
    await file.close();
  }
}

async function zipKind(head: Buffer, readTail: () => Promise<Buffer>): Promise<[string, string] | undefined> {
  if (!ZIP.test(head.toString("latin1"))) return undefined;
  const tail = await readTail();
  const [, name, advice] = zipKinds.find(([entry]) => tail.includes(entry)) ?? [];
  return name === undefined || advice === undefined ? undefined : [name, advice];
}

/** The kind of a file by its first bytes. `zip` tells more about a ZIP archive. */
export function kindOfHead(file: Buffer, zip?: [name: string, advice: string]): FileKind | undefined {
  const head = file.subarray(0, HEAD_BYTES);
  if (head.length === 0) return undefined;
  const bytes = head.toString("latin1");
  if (ZIP.test(bytes)) {
    const [name, advice] = zip ?? ["a ZIP archive", UNPACK];
    return { name, advice, isText: false };
  }
  // A text may begin with a word such as ORC, too.
  const text = isText(bytes) ? head.toString("utf8") : utf16Text(head, bytes);
  if (text !== undefined) {
    const start = text.trimStart().toLowerCase();
    const [, name, advice] = textKinds.find(([pattern]) => pattern.test(start)) ?? [];
    if (name !== undefined && advice !== undefined) return { name, advice, isText: true };
    return { name: "text", advice: "upload it as CSV, if it is that", format: "csv", isText: true };
  }
  const [, name, advice, format] = binaryKinds.find(([pattern]) => pattern.test(bytes)) ?? [];
  if (name === undefined || advice === undefined) return undefined;
  return { name, advice, isText: false, ...(format === undefined ? {} : { format }) };
}

/** Four characters of UTF-16 without a byte order mark, in either byte order. */
const [LITTLE, BIG] = [/^(?:[\t\r\n -~]\0){4}/, /^(?:\0[\t\r\n -~]){4}/];

/** Text of UTF-16. The byte order mark of UTF-32 may begin like that of UTF-16. */
function utf16Text(head: Buffer, bytes: string): string | undefined {
  if (LITTLE.test(bytes)) return new TextDecoder("utf-16le").decode(head);
  if (BIG.test(bytes)) return new TextDecoder("utf-16be").decode(head);
  if (/^\xff\xfe(?!\0\0)/s.test(bytes)) return new TextDecoder("utf-16le").decode(head);
  return bytes.startsWith("\xfe\xff") ? new TextDecoder("utf-16be").decode(head) : undefined;
}

/** True when tabs and line ends are the only control characters. */
const isText = (bytes: string) => !/[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/.test(bytes);
