import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import { describe, expect, test } from "vitest";
import { openDatabase } from "../../src/db/open.ts";
import { projects } from "../../src/db/schema/index.ts";
import { databases } from "../support/databases.ts";

describe.each(databases)("opening $name", (database) => {
  test("migrates once, keeps rows, and rolls back what fails", async () => {
    const root = await mkdtemp(join(tmpdir(), "hanami-db-"));
    const directory = join(root, "database");
    const { url, drop } = await database.prepare(directory);
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

describe.each(databases.filter((database) => database.name === "Postgres"))("a server", (database) => {
  test("is migrated by one of several that start at once", async () => {
    const { url, drop } = await database.prepare(join(tmpdir(), randomUUID()));
    try {
      const opened = await Promise.all(Array.from({ length: 3 }, () => openDatabase({ url, directory: "" })));
      const applied = await opened[0]?.db.execute(sql`select hash from drizzle.__drizzle_migrations`);
      const hashes = [...(applied as unknown as Iterable<{ hash: string }>)].map((row) => row.hash);
      expect(hashes.length).toBeGreaterThan(0);
      expect(new Set(hashes).size).toBe(hashes.length);
      await Promise.all(opened.map((each) => each.close()));
    } finally {
      await drop();
    }
  });
});
