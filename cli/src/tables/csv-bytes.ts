import { createReadStream, type ReadStream } from "node:fs";
import { createGunzip } from "node:zlib";
import type { CsvDialect } from "hanami-sdk";

/**
 * A CSV file as text that can be written again without any change. Text in UTF-8 has one character per byte: what
 * separates cells and rows is ASCII, so that letters of several bytes need not be decoded.
 */
export class CsvBytes {
  readonly #path: string;
  readonly #dialect: CsvDialect;
  #file: ReadStream | undefined;

  constructor(path: string, dialect: CsvDialect) {
    this.#path = path;
    this.#dialect = dialect;
  }

  /** Bytes of the file that were read so far. */
  get bytesRead(): number {
    return this.#file?.bytesRead ?? 0;
  }

  /** The text, piece by piece, after the byte order mark. */
  async *pieces(): AsyncGenerator<string> {
    const file = createReadStream(this.#path);
    this.#file = file;
    const { isGzip, markBytes } = this.#dialect;
    const bytes = isGzip ? file.pipe(createGunzip()) : file;
    file.on("error", (error) => bytes.destroy(error));
    let skipped = markBytes;
    let rest: Buffer = Buffer.alloc(0);
    for await (const piece of bytes as AsyncIterable<Buffer>) {
      const all = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
      const start = Math.min(skipped, all.length);
      skipped -= start;
      const end = this.#isWide ? all.length - ((all.length - start) % 2) : all.length;
      rest = all.subarray(end);
      yield this.#textOf(all.subarray(start, end));
    }
  }

  /** The bytes of the byte order mark. */
  get mark(): Buffer {
    return this.#dialect.markBytes === 0 ? Buffer.alloc(0) : this.bytesOf(this.fromText("\ufeff"));
  }

  /** What a part of the text means. */
  toText(part: string): string {
    return this.#isWide ? part : Buffer.from(part, "latin1").toString("utf8");
  }

  fromText(text: string): string {
    return this.#isWide ? text : Buffer.from(text, "utf8").toString("latin1");
  }

  /** A part of the text as bytes of the file. */
  bytesOf(part: string): Buffer {
    if (!this.#isWide) return Buffer.from(part, "latin1");
    const bytes = Buffer.from(part, "utf16le");
    return this.#dialect.encoding === "utf-16be" ? bytes.swap16() : bytes;
  }

  get #isWide(): boolean {
    return this.#dialect.encoding !== "utf-8";
  }

  #textOf(bytes: Buffer): string {
    if (!this.#isWide) return bytes.toString("latin1");
    // A copy: `swap16` works in place.
    return (this.#dialect.encoding === "utf-16be" ? Buffer.from(bytes).swap16() : bytes).toString("utf16le");
  }
}
