import { statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import { expect, test } from "vitest";
import { copyDatabaseTemplate } from "../../src/db/database-template.ts";
import { settings } from "../../src/db/embedded.ts";
import { keepTablesTidy } from "../../src/db/table-upkeep.ts";
import { paths } from "../../src/files/paths.ts";
import { temporaryFolder } from "../datasets/support.ts";
import { mountSmallDisk } from "../support/small-disk.ts";

const intervalMs = 20;
const patience = { interval: intervalMs, timeout: 60_000 };

interface Figures {
  rows: number;
  dead: number;
  analyzed: number;
  vacuumed: number;
}

async function open(folder: string) {
  const directory = join(folder, "database");
  copyDatabaseTemplate(paths.databaseTemplate, directory);
  const startParams = [...PGlite.defaultStartParams, ...settings.flatMap((setting) => ["-c", setting])];
  const client = await PGlite.create({ dataDir: directory, startParams });
  const figures = async () => {
    // The counters of the last second are not visible otherwise.
    await client.query("select pg_stat_force_next_flush()");
    const { rows } = await client.query<Figures>(
      `select reltuples as rows, pg_stat_get_dead_tuples(oid) as dead, pg_stat_get_analyze_count(oid) as analyzed,
        pg_stat_get_vacuum_count(oid) as vacuumed from pg_class where relname = 'projects'`,
    );
    return rows[0] as Figures;
  };
  const insert = (count: number) =>
    client.query(`insert into projects (id, name, creator_id)
      select 'p' || gen_random_uuid(), 'p', 'p' from generate_series(1, ${count})`);
  const tidy = () => keepTablesTidy(client, directory, intervalMs);
  return { client, figures, insert, tidy };
}

test("statistics follow the table, and the space of replaced rows is reused", { timeout: 180_000 }, async () => {
  const { client, figures, insert, tidy } = await open(await temporaryFolder());
  const tables = tidy();
  await insert(3000);
  await expect.poll(async () => (await figures()).rows, patience).toBe(3000);
  await insert(3000);
  await expect.poll(async () => (await figures()).rows, patience).toBe(6000);

  const size = async () => (await client.query("select pg_relation_size('projects') as bytes")).rows[0];
  await client.query("update projects set name = 'q'");
  await expect.poll(async () => (await figures()).dead, patience).toBe(0);
  const before = await size();
  for (let round = 0; round < 4; round++) {
    await client.query("update projects set name = 'r' || name");
    await expect.poll(async () => (await figures()).dead, patience).toBe(0);
  }
  expect(await size()).toEqual(before);
  await tables.stop();
  await client.close();
});

test("small changes of a large table wait for more", { timeout: 180_000 }, async () => {
  const { client, figures, insert, tidy } = await open(await temporaryFolder());
  const tables = tidy();
  await insert(6000);
  await expect.poll(async () => (await figures()).rows, patience).toBe(6000);
  await tables.stop();

  const before = await figures();
  await client.query("update projects set name = 'q' where sequence <= 100");
  const again = tidy();
  // Looks at all tables; the statistics of another one show that it has.
  await client.query("insert into hosts select gen_random_uuid(), n::text from generate_series(1, 2000) as n");
  const hosts = async () => (await client.query("select reltuples from pg_class where relname = 'hosts'")).rows[0];
  await expect.poll(hosts, patience).toEqual({ reltuples: 2000 });
  await again.stop();
  const { analyzed, vacuumed, dead } = await figures();
  expect({ analyzed, vacuumed, dead }).toEqual({ analyzed: before.analyzed, vacuumed: before.vacuumed, dead: 100 });
  await client.close();
});

test("on a nearly full disk nothing is cleaned, and the database answers", { timeout: 180_000 }, async (t) => {
  const disk = await mountSmallDisk(160);
  if ("reason" in disk) return t.skip(disk.reason);
  const { client, figures, insert, tidy } = await open(disk.folder);
  await insert(2000);
  await client.query("checkpoint");
  const { bavail, bsize } = await statfs(disk.folder);
  await writeFile(join(disk.folder, "filler"), Buffer.alloc(bavail * bsize - 20 * 1024 * 1024));
  const tables = tidy();
  await client.query("update projects set name = 'q'");
  await expect.poll(async () => (await figures()).dead, patience).toBe(2000);
  await tables.stop();
  const { analyzed, vacuumed } = await figures();
  expect({ analyzed, vacuumed }).toEqual({ analyzed: 0, vacuumed: 0 });
  await client.close();
});
