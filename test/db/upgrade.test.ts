import { randomUUID } from "node:crypto";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import { sql } from "drizzle-orm";
import { drizzle as drizzleEmbedded } from "drizzle-orm/pglite";
import { migrate as migrateEmbedded } from "drizzle-orm/pglite/migrator";
import { drizzle as drizzleServer } from "drizzle-orm/postgres-js";
import { migrate as migrateServer } from "drizzle-orm/postgres-js/migrator";
import postgres from "postgres";
import { expect, onTestFinished, test } from "vitest";
import { hashPassphrase } from "../../src/accounts/passphrase.ts";
import { createDatasetFile } from "../../src/datasets/file/writer.ts";
import { datasetPath, openStorage } from "../../src/files/storage.ts";
import { openDatabase } from "../../src/db/open.ts";
import { paths } from "../../src/files/paths.ts";
import { temporaryFolder } from "../datasets/support.ts";
import { databases } from "../support/databases.ts";
import { smallTemplate } from "../support/compute.ts";
import { kill, startServer } from "../support/server-process.ts";
import { adminId, base64, testPassphrase } from "../support/test-app.ts";

type Journal = { entries: { tag: string }[] };

/** The migrations of the version that had `count` of them. */
async function earlierMigrations(folder: string, count: number): Promise<string> {
  const target = join(folder, "migrations");
  await mkdir(join(target, "meta"), { recursive: true });
  const journal = JSON.parse(await readFile(join(paths.migrations, "meta/_journal.json"), "utf8")) as Journal;
  const entries = journal.entries.slice(0, count);
  for (const { tag } of entries) await cp(join(paths.migrations, `${tag}.sql`), join(target, `${tag}.sql`));
  await writeFile(join(target, "meta/_journal.json"), JSON.stringify({ ...journal, entries }));
  return target;
}

const [dataset, upload, tempfile, cluster, task, host, formers, laters, nobodys] = Array.from({ length: 9 }, () =>
  randomUUID(),
);
const owner = `'admin', '${adminId}'`;

/** Rows as written by the first version. */
const rows = (hash: string) => [
  `insert into users (id, name, creator_id, is_admin, passphrase_hash) values ('${adminId}', '${adminId}', 'MISAKI', true, '${hash}')`,
  `insert into projects (id, name, creator_id) values ('old_project', 'of the first version', '${adminId}')`,
  `insert into hosts (uuid, device_key) values ('${host}', 'cpu')`,
  `insert into datasets (uuid, name, type, state, project_id, owner_id) values ('${dataset}', 'old', 'csv', 'ready', ${owner})`,
  `insert into datasets (uuid, name, type, state, project_id, owner_id) values ('${upload}', 'half', 'csv', 'uploading', ${owner})`,
  `insert into tempfiles (uuid, dataset_uuid, role, file_size, project_id, owner_id) values ('${tempfile}', '${upload}', 'input', 100, ${owner})`,
  // An id reused before the upgrade: one dataset each of the former account, the later one, and no account.
  `insert into users (id, name, creator_id, is_admin, passphrase_hash, created_at, deleted_at)
   values ('twice', 'former', '${adminId}', false, '${hash}', now() - interval '9 h', now() - interval '5 h')`,
  `insert into users (id, name, creator_id, is_admin, passphrase_hash, created_at) values ('twice', 'later', '${adminId}', false, '${hash}', now() - interval '4 h')`,
  `insert into user_projects (user_row_uuid, project_id, role, is_project_admin)
   select row_uuid, 'old_project', 'member', false from users where name = 'later'`,
  ...[
    [formers, 6, "twice"],
    [laters, 3, "twice"],
    [nobodys, 3, "nobody_here"],
  ].map(
    ([uuid, hours, id]) =>
      `insert into datasets (uuid, name, type, state, project_id, owner_id, created_at)
       values ('${uuid}', 'old', 'csv', 'ready', 'old_project', '${id}', now() - interval '${hours} h')`,
  ),
  ...[6, 3].map(
    (hours) =>
      `insert into audit_log (user_id, endpoint, request_type, created_at)
       values ('twice', '${hours} hours ago', 'POST', now() - interval '${hours} h')`,
  ),
  `insert into clusters (uuid, name, template, seed, host_uuid, project_id, owner_id) values ('${cluster}', 'old', '${smallTemplate}', 7, '${host}', ${owner})`,
  `insert into tasks (uuid, cluster_uuid, name, owner_id, project_id, plan, state, current_cycle, total_number_of_cycles, ended_at)
   values ('${task}', '${cluster}', 'old', '${adminId}', 'admin', '{"kind":"save"}', 'finished', 1, 1, now())`,
];

test.each(databases)(
  "a $name database of the first version is migrated and served",
  async (database) => {
    const dataDir = await temporaryFolder();
    const storage = await openStorage(join(dataDir, "data"));
    const migrationsFolder = await earlierMigrations(dataDir, 1);
    const statements = rows(await hashPassphrase(testPassphrase));
    let env: Record<string, string> = {};
    if (database.name === "PGlite") {
      const client = await PGlite.create({ dataDir: storage.database });
      await migrateEmbedded(drizzleEmbedded(client), { migrationsFolder });
      for (const statement of statements) await client.query(statement);
      await client.close();
    } else {
      const { url, drop } = await database.prepare();
      onTestFinished(drop);
      const client = postgres(url as string, { max: 1, onnotice: () => {} });
      await migrateServer(drizzleServer(client), { migrationsFolder });
      for (const statement of statements) await client.unsafe(statement);
      await client.end();
      env = { DATABASE_URL: url as string };
    }
    const groups = [{ name: "a", column_start: 0, column_end: 1 }];
    const file = await createDatasetFile(datasetPath(storage, dataset as string), {
      name: "old",
      type: "float32",
      groups,
    });
    await file.append(new Float32Array([1, 2, 3]));
    await file.finish();
    await writeFile(join(storage.tempfiles, tempfile as string), Buffer.alloc(100));

    const server = await startServer(storage.root, env);
    expect(await server.ask("GET", "/project?id=old_project")).toMatchObject({ name: "of the first version" });
    const content = `/dataset/content?uuid=${dataset}&column_name=a&row_offset=0&number_of_rows=3`;
    expect(await server.ask("GET", content)).toEqual({ data: [[1], [2], [3]] });
    expect(await server.ask("GET", `/cluster?uuid=${cluster}`)).toMatchObject({ name: "old", host_uuid: host });
    expect(await server.ask("GET", `/task?uuid=${task}&cluster_uuid=${cluster}`)).toMatchObject({ state: "finished" });
    expect(await server.ask("GET", `/dataset/progress?uuid=${upload}`)).toMatchObject({ complete: false });
    // A row belongs to the account that had its owner's id when the row was created.
    const credentials = { id: "twice", passphrase: base64(testPassphrase) };
    const { token } = await server.ask<{ token: string }>("POST", "/token", credentials);
    const seen = async (as?: string) => {
      const { body } = await server.ask<{ body: string[][] }>("GET", "/dataset/all", undefined, as);
      return body.filter((row) => row[2] === "old_project").map((row) => row[1]);
    };
    expect(await seen()).toEqual([formers, laters, nobodys]);
    expect(await seen(token)).toEqual([laters]);
    expect(await server.ask("GET", "/audit_log?page=0", undefined, token)).toMatchObject({
      body: [[expect.anything(), "twice", "3 hours ago", "POST"]],
    });
    // Features of the newer version only.
    const announced = { name: "new checkpoint", input_data_size: 100 };
    expect(await server.ask("POST", "/checkpoint/upload", announced)).toMatchObject({ name: "new checkpoint" });
    await server.ask("POST", "/cluster", { name: "new cluster", template: base64(smallTemplate) });
    await kill(server);
  },
  120_000,
);

test("the tables of an embedded database are clean and have statistics before the first request", async () => {
  const folder = await temporaryFolder();
  const directory = join(folder, "database");
  const client = await PGlite.create({ dataDir: directory });
  await migrateEmbedded(drizzleEmbedded(client), { migrationsFolder: await earlierMigrations(folder, 5) });
  await client.query(`insert into datasets (uuid, name, type, state, project_id, owner_id)
    select gen_random_uuid(), 'old', 'csv', 'ready', ${owner} from generate_series(1, 300)`);
  await client.query(`insert into error_log (component, context, message)
    select 'old', 'old', 'old' from generate_series(1, 300)`);
  await client.close();

  const database = await openDatabase({ url: undefined, directory });
  const { rows: clean } = (await database.db.execute(sql`select relname as name from pg_class
    where relkind = 'r' and relnamespace = 'public'::regnamespace and relpages > 0 and relallvisible = relpages
      and exists (select from pg_statistic where starelid = pg_class.oid) order by relname`)) as unknown as {
    rows: { name: string }[];
  };
  await database.close();
  expect(clean.map(({ name }) => name)).toEqual(["datasets", "error_log"]);
}, 120_000);
