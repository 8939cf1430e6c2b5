/** Statements are prepared on both databases, whatever happens in between. */
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { eq, sql } from "drizzle-orm";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Database } from "../../src/db/database.ts";
import { openDatabase } from "../../src/db/open.ts";
import { datasets, projects } from "../../src/db/schema/index.ts";
import { databases } from "../support/databases.ts";
import { codeOf } from "./code-of.ts";

test("queries during and after the close of an embedded database are answered or refused", async () => {
  const root = await mkdtemp(join(tmpdir(), "hanami-db-"));
  const directory = join(root, "database");
  const database = await openDatabase({ url: undefined, directory });
  const { db } = database;
  const askOn = async () => {
    for (let time = 0; ; time++)
      await db
        .select()
        .from(projects)
        .where(eq(projects.id, `project ${time}`));
  };
  const clients = Array.from({ length: 3 }, () => codeOf(askOn()));
  await db.select().from(projects);
  await database.close();
  // Not a database error: the database is no longer asked.
  expect(await Promise.all(clients)).toEqual([undefined, undefined, undefined]);
  await expect(db.select().from(projects)).rejects.toMatchObject({ cause: new Error("PGlite is closed") });
  await expect(db.transaction(async () => {})).rejects.toThrow("PGlite is closed");
  await rm(root, { recursive: true });
});

const rowsOf = <Row>(result: unknown): Row[] =>
  Array.isArray(result) ? (result as Row[]) : (result as { rows: Row[] }).rows;

describe.each(databases)("statements on $name", (kind) => {
  let database: Database;
  let root: string;
  let drop: () => Promise<void>;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "hanami-db-"));
    const directory = join(root, "database");
    const prepared = await kind.prepare();
    drop = prepared.drop;
    database = await openDatabase({ url: prepared.url, directory, connections: 1 });
  });
  afterAll(async () => {
    await database.close();
    await drop();
    await rm(root, { recursive: true });
  });

  const addProject = (id: string) => database.db.insert(projects).values({ id, name: "n", creator_id: "c" });
  const findProject = (id: string) =>
    database.db.select({ id: projects.id, at: projects.created_at }).from(projects).where(eq(projects.id, id));

  test("the same text with other values, and null", async () => {
    const { db } = database;
    const uuids = [randomUUID(), randomUUID()];
    for (const [index, uuid] of uuids.entries()) {
      await db.insert(datasets).values({
        uuid,
        name: index === 0 ? "it's a 'name' \\ with ü" : "",
        type: "csv",
        state: "ready",
        project_id: "p",
        owner_id: "o",
        owner_uuid: index === 0 ? null : randomUUID(),
      });
    }
    for (let time = 0; time < 7; time++) {
      const [row] = await db
        .select()
        .from(datasets)
        .where(eq(datasets.uuid, uuids[time % 2] as string));
      expect(row).toMatchObject({ name: time % 2 === 0 ? "it's a 'name' \\ with ü" : "", deleted_at: null });
      expect(row?.created_at).toBeInstanceOf(Date);
      expect(row?.owner_uuid === null).toBe(time % 2 === 0);
    }
  });

  test("many concurrently", async () => {
    const ids = Array.from({ length: 100 }, (_, index) => `project_${index}`);
    await Promise.all(ids.map((id) => addProject(id)));
    const found = await Promise.all(ids.map((id) => findProject(id)));
    expect(found.map(([row]) => row?.id)).toEqual(ids);
  });

  test("a statement that fails, and the same one later", async () => {
    await addProject("twice");
    for (let time = 0; time < 3; time++) expect(await codeOf(addProject("twice"))).toBe("23505");
    await addProject("once");
    expect(await findProject("once")).toHaveLength(1);
    for (let time = 0; time < 2; time++) expect(await codeOf(database.db.execute(sql`select nonsense`))).toBe("42703");
    const divide = (by: number) => database.db.execute(sql`select 6 / ${by}::int as quotient`);
    expect(rowsOf(await divide(3))).toEqual([{ quotient: 2 }]);
    expect(await codeOf(divide(0))).toBe("22012");
    expect(rowsOf(await divide(2))).toEqual([{ quotient: 3 }]);
  });

  test("a failed transaction leaves nothing, and statements prepared in it can be used", async () => {
    const failing = database.db.transaction(async (tx) => {
      await tx.insert(projects).values({ id: "lost", name: "n", creator_id: "c" });
      const text = sql`select count(*)::int as number from projects where id = ${"lost"} and name = ${"n"}`;
      expect(rowsOf(await tx.execute(text))).toEqual([{ number: 1 }]);
      expect(await codeOf(tx.insert(projects).values({ id: "lost", name: "n", creator_id: "c" }))).toBe("23505");
      // Neither known nor new statements run in it now.
      expect(await codeOf(tx.execute(text))).toBe("25P02");
      expect(await codeOf(tx.execute(sql`select 17 as new`))).toBe("25P02");
    });
    expect(await codeOf(failing)).toBe(kind.name === "PGlite" ? "25P02" : "23505");
    expect(await findProject("lost")).toEqual([]);
    const later = await database.db.execute(
      sql`select count(*)::int as number from projects where id = ${"lost"} and name = ${"n"}`,
    );
    expect(rowsOf(later)).toEqual([{ number: 0 }]);
    expect(rowsOf(await database.db.execute(sql`select 17 as new`))).toEqual([{ new: 17 }]);
  });

  test("a late statement of an ended transaction does not run", async () => {
    let late: () => Promise<unknown> = async () => {};
    await database.db.transaction(async (tx) => {
      late = async () => tx.insert(projects).values({ id: "late", name: "n", creator_id: "c" });
    });
    await expect(late()).rejects.toMatchObject({ cause: new Error("Transaction is closed") });
    expect(await findProject("late")).toEqual([]);
  });

  test("the number of prepared statements is bounded", async () => {
    const ask = (nth: number) => database.db.execute(sql`select ${sql.raw(`${nth}`)} + ${1}::int as sum`);
    for (const nth of [...Array(600).keys(), 0, 1, 599]) expect(rowsOf(await ask(nth))).toEqual([{ sum: nth + 1 }]);
    const kept = await database.db.execute(sql`select count(*)::int as number from pg_prepared_statements`);
    const [{ number }] = rowsOf<{ number: number }>(kept) as [{ number: number }];
    expect(number).toBeGreaterThan(400);
    expect(number).toBeLessThanOrEqual(501);
  });

  test.runIf(kind.name === "PGlite")("other work has a turn between statements", async () => {
    let turns = 0;
    let isOver = false;
    const others = (async () => {
      for (; !isOver; turns++) await setImmediate();
    })();
    // About 50 ms of work.
    for (let time = 0; time < 500; time++) await findProject("twice");
    isOver = true;
    await others;
    expect(turns).toBeGreaterThan(5);
  });
});
