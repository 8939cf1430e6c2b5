import { readdir, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import { expect, test } from "vitest";
import { copyDatabaseTemplate } from "../../src/db/database-template.ts";
import { settings } from "../../src/db/embedded.ts";
import { keepLogShort } from "../../src/db/write-ahead-log.ts";
import { paths } from "../../src/files/paths.ts";
import { temporaryFolder } from "../datasets/support.ts";
import { mountSmallDisk } from "../support/small-disk.ts";

const intervalMs = 20;
const mib = 1024 * 1024;

async function open(folder: string) {
  const directory = join(folder, "database");
  copyDatabaseTemplate(paths.databaseTemplate, directory);
  const startParams = [...PGlite.defaultStartParams, ...settings.flatMap((setting) => ["-c", setting])];
  const client = await PGlite.create({ dataDir: directory, startParams });
  const log = keepLogShort(client, directory, intervalMs);
  const segments = async () =>
    (await readdir(join(directory, "pg_wal"))).filter((name) => /^[0-9A-F]{24}$/.test(name)).sort();
  const current = async () => {
    const { rows } = await client.query<{ name: string }>(
      "select pg_walfile_name(pg_current_wal_insert_lsn()) as name",
    );
    return rows[0]?.name as string;
  };
  /** Resolves when there is a segment after the current one. */
  const untilSpare = async () => {
    const hasSpare = async () => ((await segments()).at(-1) as string) > (await current());
    await expect.poll(hasSpare, { interval: intervalMs, timeout: 60_000 }).toBe(true);
  };
  /** Adds this many bytes to the log, and nothing else. */
  const write = (bytes: number) =>
    client.query("select pg_logical_emit_message(false, 'test', $1)", ["x".repeat(bytes)]);
  const close = async () => {
    await log.stop();
    await client.close();
  };
  return { client, segments, current, untilSpare, write, close };
}

test("the embedded database's log stays short, and always has a spare segment", async () => {
  const { segments, current, untilSpare, write, close } = await open(await temporaryFolder());
  await untilSpare();
  const first = await current();
  for (let count = 0; count < 16; count++) {
    await write(4 * mib);
    await untilSpare();
  }
  expect((await current()) > first).toBe(true);
  // After the first segment, the test wrote four times as much as a segment holds.
  expect((await segments()).length).toBeLessThanOrEqual(4);
  await close();
}, 300_000);

test("on a full disk the log continues in its spare segments, and so does the database", async (t) => {
  const disk = await mountSmallDisk(160);
  if ("reason" in disk) return t.skip(disk.reason);
  const { client, current, untilSpare, write, close } = await open(disk.folder);
  await untilSpare();
  const { bavail, bsize } = await statfs(disk.folder);
  await writeFile(join(disk.folder, "filler"), Buffer.alloc(bavail * bsize));
  const first = await current();
  for (let count = 0; count < 10; count++) {
    await write(4 * mib);
    await untilSpare();
  }
  expect((await current()) > first).toBe(true);
  expect((await client.query("select count(*) from projects")).rows).toEqual([{ count: 0 }]);
  await close();
}, 300_000);
