import { mkdtemp, rm, truncate } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import postgres from "postgres";
import { describe, expect, test } from "vitest";
import { openDatabase } from "../../src/db/open.ts";
import { projects } from "../../src/db/schema/index.ts";
import { StartError } from "../../src/errors.ts";
import { databases } from "../support/databases.ts";

describe.each(databases)("opening $name", (database) => {
  test("migrates once, keeps rows, and rolls back failed transactions", async () => {
    const root = await mkdtemp(join(tmpdir(), "hanami-db-"));
    const directory = join(root, "database");
    const { url, drop } = await database.prepare();
    try {
      const first = await openDatabase({ url, directory });
      await first.db.insert(projects).values({ id: "some_project", name: "some name", creator_id: "asdf" });
      const failing = first.db.transaction(async (tx) => {
        await tx.insert(projects).values({ id: "lost_project", name: "some name", creator_id: "asdf" });
        throw new Error("no");
      });
      await expect(failing).rejects.toThrow("no");
      await first.close();

      const second = await openDatabase({ url, directory });
      const rows = await second.db.select().from(projects);
      expect(rows.map((row) => row.id)).toEqual(["some_project"]);
      expect(rows[0]?.created_at).toBeInstanceOf(Date);
      await second.close();
    } finally {
      await drop();
      await rm(root, { recursive: true });
    }
  });
});

test.each(databases)("a $name database changed by a newer version is refused", async (database) => {
  const root = await mkdtemp(join(tmpdir(), "hanami-db-"));
  const directory = join(root, "database");
  const { url, drop } = await database.prepare();
  try {
    const first = await openDatabase({ url, directory });
    const date = Date.UTC(2999, 0, 31);
    await first.db.execute(
      sql`insert into drizzle.__drizzle_migrations (hash, created_at) values ('of a later version', ${date})`,
    );
    await first.close();
    const second = openDatabase({ url, directory });
    await expect(second).rejects.toThrow(StartError);
    await expect(second).rejects.toThrow(/was used by a newer version .* its changes of 2999-01-31 are unknown here/);
  } finally {
    await drop();
    await rm(root, { recursive: true });
  }
});

test("an embedded database with damaged files is refused with a reason and advice", async () => {
  const root = await mkdtemp(join(tmpdir(), "hanami-db-"));
  const directory = join(root, "database");
  await (await openDatabase({ url: undefined, directory })).close();
  await truncate(join(directory, "global/pg_control"), 100);
  const opened = openDatabase({ url: undefined, directory });
  await expect(opened).rejects.toThrow(StartError);
  await expect(opened).rejects.toThrow(`The embedded database in ${directory} cannot be opened: `);
  await expect(opened).rejects.toThrow("restore the data directory from a backup");
  await rm(root, { recursive: true });
});

describe.each(databases.filter((database) => database.name === "Postgres"))("a server", (database) => {
  test("is migrated and held by one of several that start concurrently; the others learn who holds it", async () => {
    const { url, drop } = await database.prepare();
    try {
      const attempts = Array.from({ length: 3 }, () => openDatabase({ url, directory: "" }));
      const outcomes = await Promise.allSettled(attempts);
      const opened = outcomes.filter((outcome) => outcome.status === "fulfilled").map(({ value }) => value);
      const refused = outcomes.filter((outcome) => outcome.status === "rejected");
      expect([opened.length, refused.length]).toEqual([1, 2]);
      for (const { reason } of refused) {
        expect(reason).toBeInstanceOf(StartError);
        expect(String(reason)).toContain(`is in use by hanami-webgpu on ${hostname()}, process ${process.pid}. Stop`);
      }
      const applied = await opened[0]?.db.execute(sql`select hash from drizzle.__drizzle_migrations`);
      const hashes = (applied as unknown as { hash: string }[]).map((row) => row.hash);
      expect(hashes.length).toBeGreaterThan(0);
      expect(new Set(hashes).size).toBe(hashes.length);
      await Promise.all(opened.map((each) => each.close()));
      await (await openDatabase({ url, directory: "" })).close();
    } finally {
      await drop();
    }
  });

  test("is held again after the connection broke, and given up when another server was quicker", async () => {
    const { url, drop } = await database.prepare();
    const other = postgres(url as string, { max: 1 });
    const pids = async () => {
      const rows = await other<{ pid: number }[]>`
        select pid from pg_locks where locktype = 'advisory' and pid <> pg_backend_pid()`;
      return rows.map(({ pid }) => pid);
    };
    const endHolder = async () => {
      const [pid] = await pids();
      await other`select pg_terminate_backend(${pid ?? null})`;
      return pid;
    };
    try {
      const held = await openDatabase({ url, directory: "" });
      const before = await endHolder();
      await expect
        .poll(async () => (await pids()).filter((pid) => pid !== before), { timeout: 20_000 })
        .toHaveLength(1);

      // Its first retry comes a tenth of a second later; if it is too quick for us, its connection is ended again.
      for (let isOurs = false; !isOurs;) {
        await endHolder();
        for (let tries = 0; tries < 50 && !isOurs && (await pids()).length === 0; tries++) {
          const [row] = await other<{ ours: boolean }[]>`select pg_try_advisory_lock(4841141) as ours`;
          isOurs = row?.ours === true;
        }
        if (!isOurs) await expect.poll(pids, { timeout: 20_000 }).toHaveLength(1);
      }
      expect(String(await held.taken)).toContain("is in use by");
      await held.close();
    } finally {
      await other.end();
      await drop();
    }
  });
});
