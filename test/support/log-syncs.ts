/**
 * Loaded before a server and before the processes that it starts. Logs every sync and rename, in order, into the file
 * that its address names (`?log=`). Linux only.
 */
import { appendFileSync, readlinkSync } from "node:fs";
import fs, { open } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";

const log = new URL(import.meta.url).searchParams.get("log") as string;
const note = (...words: string[]) => appendFileSync(log, `${words.join(" ")}\n`);

const any = await open(log, "a");
const handle = Object.getPrototypeOf(any) as { fd: number; sync(): Promise<void>; datasync(): Promise<void> };
await any.close();
for (const method of ["sync", "datasync"] as const) {
  // Called with the handle below.
  // oxlint-disable-next-line typescript/unbound-method
  const original = handle[method];
  handle[method] = async function sync(this: { fd: number }) {
    const path = readlinkSync(`/proc/self/fd/${this.fd}`);
    await original.call(this as typeof handle);
    note("synced", path);
  };
}
const { rename } = fs;
fs.rename = async (from, to) => {
  await rename(from, to);
  note("renamed", String(from), String(to));
};
syncBuiltinESMExports();
