import { createWriteStream } from "node:fs";
import { open, rename, rm, stat } from "node:fs/promises";
import { basename } from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream } from "node:stream/web";
import { ConnectionError, HanamiError, type Download } from "hanami-sdk";
import { CliError, fileError, Interrupted } from "../errors.ts";
import { createProgress } from "../progress.ts";

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );

/** The server's name for a file, without folders that a malicious server might prepend. */
export function safeName(fileName: string | undefined, fallback: string): string {
  const name = basename(fileName ?? "");
  return /^[^.\\\p{Cc}][^\\\p{Cc}]*$/u.test(name) ? name : fallback;
}

/** Passes bytes through, and draws a bar on a terminal if the server sent the size. */
function watch(bytes: number | undefined, count: (bytes: number) => void): { through: Transform; end: () => void } {
  const progress = createProgress({ plain: "silent" });
  const megabytes = (value: number) => (value / 1e6).toFixed(1);
  let done = 0;
  const through = new Transform({
    transform(chunk: Uint8Array, _encoding, callback) {
      done += chunk.byteLength;
      count(done);
      if (bytes !== undefined && bytes > 0) {
        const label = "download";
        progress.update({ label, share: done / bytes, count: `${megabytes(done)}/${megabytes(bytes)} MB` });
      }
      callback(null, chunk);
    },
  });
  return { through, end: () => progress.end() };
}

async function receive(download: Download, target: NodeJS.WritableStream): Promise<number> {
  let received = 0;
  const { through, end } = watch(download.bytes, (bytes) => (received = bytes));
  try {
    await pipeline(Readable.fromWeb(download.body as ReadableStream), through, target, {
      end: target !== process.stdout,
    });
  } finally {
    end();
  }
  return received;
}

/** Writes a download to standard output. */
export async function printFile(download: Download): Promise<void> {
  await receive(download, process.stdout);
}

/** Like `printFile`, but ends where the reader, such as `head`, closes the pipe: so that work behind it is done. */
export async function printWhileRead(download: Download): Promise<void> {
  // The program's own listeners would end it.
  process.stdout.removeAllListeners("error");
  await receive(download, process.stdout).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}

/** Throws CliError when the file exists, unless `force` is set. */
export async function checkFree(path: string, force: boolean): Promise<void> {
  if (!force && (await exists(path))) throw new CliError(`'${path}' exists already: use --force to replace it`);
}

/** Saves a download: the file is either complete or missing. Resolves to its size in bytes. */
export async function saveFile(download: Download, path: string): Promise<number> {
  const partial = `${path}.part`;
  try {
    const bytes = await receive(download, createWriteStream(partial, { flush: true }));
    await rename(partial, path);
    return bytes;
  } catch (error) {
    await rm(partial, { force: true }).catch(() => {});
    const { syscall } = error as NodeJS.ErrnoException;
    if (syscall === "open" || syscall === "write" || syscall === "rename") throw fileError("write", path, error);
    if (error instanceof CliError || error instanceof HanamiError || error instanceof Interrupted) throw error;
    throw new ConnectionError("The connection broke before the whole file was there.", undefined, { cause: error });
  }
}

/** Saves a text: the file is either complete or as before. */
export async function saveText(text: string, path: string): Promise<void> {
  const partial = `${path}.part`;
  try {
    const file = await open(partial, "w");
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true }).catch(() => {});
    throw fileError("write", path, error);
  }
}
