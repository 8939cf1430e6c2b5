import { statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import { expect, test } from "vitest";
import { copyDatabaseTemplate } from "../../src/db/database-template.ts";
import { settings } from "../../src/db/embedded.ts";
import { TableUpkeep } from "../../src/db/table-upkeep.ts";
import { NoSpaceError } from "../../src/files/free-space.ts";
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
  const warnings: unknown[] = [];
  const warn = (entry: unknown) => void warnings.push(entry);
  const tidy = () => {
    const upkeep = new TableUpkeep(client, directory, { intervalMs, log: { warn } });
    upkeep.start();
    return upkeep;
  };
  return { client, figures, insert, tidy, warnings };
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

test("the space of few long values that are replaced often is reused", { timeout: 180_000 }, async () => {
  const { client, figures, insert, tidy } = await open(await temporaryFolder());
  await insert(1);
  // Of random digits, which do not become shorter.
  const text = () => Array.from({ length: 12_000 }, () => Math.random().toString(36).slice(2, 12)).join("");
  for (let nth = 0; nth < 100; nth++) await client.query("update projects set name = $1", [text()]);
  expect((await figures()).dead).toBeLessThan(500);
  const tables = tidy();
  await expect.poll(async () => (await figures()).vacuumed, patience).toBe(1);
  await tables.stop();
  await client.close();
});

test("small changes of a large table wait for more", { timeout: 180_000 }, async () => {
  const { client, figures, insert, tidy } = await open(await temporaryFolder());
  const tables = tidy();
  await insert(6000);
  await expect.poll(async () => (await figures()).analyzed, patience).toBe(1);
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

test(
  "a new index counts the rows of a small table, which has no statistics for that",
  { timeout: 180_000 },
  async () => {
    const { client, figures, insert, tidy } = await open(await temporaryFolder());
    await insert(100);
    await client.query("create index some_index on projects (name)");
    expect(await figures()).toMatchObject({ rows: 100, analyzed: 0 });
    const tables = tidy();
    await expect.poll(async () => (await figures()).analyzed, patience).toBe(1);
    await tables.stop();
    await client.close();
  },
);

test("a table that only grows is counted by its index alone", { timeout: 180_000 }, async () => {
  const { client, figures, insert, tidy } = await open(await temporaryFolder());
  const tables = tidy();
  for (let round = 1; round <= 2; round++) {
    await insert(3000 * round);
    await expect.poll(async () => (await figures()).vacuumed, patience).toBe(round);
  }
  await tables.stop();
  await client.exec("set enable_seqscan = off; set enable_bitmapscan = off");
  const { rows } = await client.query<{ "QUERY PLAN": string }>(
    "explain (analyze, costs off, timing off) select count(*) from projects where deleted_at is null",
  );
  expect(rows.map((row) => row["QUERY PLAN"]).join("\n")).toMatch(
    /Index Only Scan using projects_live[^]*Heap Fetches: 0/,
  );
  await client.close();
});

test(
  "a table that cannot be cleaned does not keep others from it, and is tried again",
  { timeout: 180_000 },
  async () => {
    const { client, figures, insert, tidy, warnings } = await open(await temporaryFolder());
    await client.exec(`set test.divisor = 1;
    insert into hosts select gen_random_uuid(), 'cpu';
    create function ratio(text) returns int immutable language sql
      as $$ select 1 / current_setting('test.divisor')::int $$;
    create index broken on hosts (ratio(device_key));
    set test.divisor = 0`);
    const tables = tidy();
    // `hosts` comes first.
    for (const count of [1000, 2000]) {
      await insert(1000);
      await expect.poll(async () => (await figures()).rows, patience).toBe(count);
    }
    expect(warnings).toEqual([
      { err: expect.objectContaining({ message: "division by zero" }) as Error, table: "hosts" },
    ]);
    await client.query("set test.divisor = 1");
    const known = "select from pg_statistic where starelid = 'hosts'::regclass";
    await expect.poll(async () => (await client.query(known)).rows.length, patience).toBeGreaterThan(0);
    await tables.stop();
    await client.close();
  },
);

/** Long values and indexes count, too: a copy of them may go to the log. */
test.for([
  ["without a reserve", 20, "'p'"],
  ["with long values", 40, "(select string_agg(md5(random()::text), '') from generate_series(1, 300 + sequence % 2))"],
] as const)(
  "on a nearly full disk %s nothing is cleaned, and the database answers",
  { timeout: 180_000 },
  async ([, mib, name], t) => {
    const disk = await mountSmallDisk(256);
    if ("reason" in disk) return t.skip(disk.reason);
    const { client, figures, insert, tidy, warnings } = await open(disk.folder);
    await insert(2000);
    await client.query("alter table projects alter column name set storage external");
    await client.query(`update projects set name = ${name}`);
    await client.query("checkpoint");
    const { bavail, bsize } = await statfs(disk.folder);
    await writeFile(join(disk.folder, "filler"), Buffer.alloc(bavail * bsize - mib * 1024 * 1024));
    const tables = tidy();
    await expect.poll(() => warnings.length, patience).toBeGreaterThan(1);
    expect(warnings).toContainEqual({ err: expect.any(NoSpaceError) as Error, table: "projects" });
    expect((await figures()).dead).toBe(2000);
    await tables.stop();
    const { analyzed, vacuumed } = await figures();
    expect({ analyzed, vacuumed }).toEqual({ analyzed: 0, vacuumed: 0 });
    await client.close();
  },
);
