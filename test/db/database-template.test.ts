import { mkdir, readdir, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import { expect, test, vi } from "vitest";
import { copyDatabaseTemplate } from "../../src/db/database-template.ts";
import { openEmbedded } from "../../src/db/embedded.ts";
import { paths } from "../../src/files/paths.ts";
import { temporaryFolder } from "../datasets/support.ts";

// PGlite takes seconds to make a database.
vi.setConfig({ testTimeout: 120_000 });

/** Columns, constraints and indexes, in an order of their own. */
async function schemaOf(directory: string, template = paths.databaseTemplate): Promise<unknown[]> {
  const database = await openEmbedded(directory, { template });
  const answers = [];
  for (const query of [
    sql`select table_schema, table_name, column_name, data_type, is_nullable, column_default
      from information_schema.columns where table_schema in ('public', 'drizzle') order by 1, 2, 3`,
    sql`select conrelid::regclass::text, conname, pg_get_constraintdef(oid) from pg_constraint
      where connamespace = 'public'::regnamespace order by 1, 2`,
    sql`select indexname, indexdef from pg_indexes where schemaname = 'public' order by 1`,
    sql`select hash, created_at from drizzle.__drizzle_migrations order by created_at`,
    sql`select count(*) from users`,
  ]) {
    answers.push(((await database.db.execute(query)) as unknown as { rows: unknown[] }).rows);
  }
  await database.close();
  return answers;
}

test("a database from the template is the one that would be made without it", async () => {
  const folder = await temporaryFolder();
  const copied = await schemaOf(join(folder, "copied"));
  const made = await schemaOf(join(folder, "made"), join(folder, "no template"));
  expect(copied).toEqual(made);
  expect(await readdir(folder)).toEqual(["copied", "made"]);
});

test("only the server's user may enter a copied database, also when another one built the template", async () => {
  const directory = join(await temporaryFolder(), "database");
  copyDatabaseTemplate(paths.databaseTemplate, directory);
  expect((await stat(directory)).mode & 0o777).toBe(0o700);
  for (const entry of await readdir(paths.databaseTemplate, { recursive: true, withFileTypes: true })) {
    const { mode } = await stat(join(entry.parentPath, entry.name));
    expect([entry.name, mode & 0o777]).toEqual([entry.name, entry.isDirectory() ? 0o755 : 0o644]);
  }
});

test("a copy begins anew after one that was interrupted, and replaces no file of anybody", async () => {
  const folder = await temporaryFolder();
  const template = join(folder, "template");
  await mkdir(join(template, "base"), { recursive: true });
  await writeFile(join(template, "base/1"), "of the template");
  await mkdir(join(folder, "database.new"));
  await writeFile(join(folder, "database.new/half"), "");
  await mkdir(join(folder, "database"));
  copyDatabaseTemplate(template, join(folder, "database"));
  expect((await readdir(folder, { recursive: true })).sort()).toEqual(
    ["database", "database/base", "database/base/1", "template", "template/base", "template/base/1"].sort(),
  );

  const other = join(folder, "other");
  await mkdir(other);
  await writeFile(join(other, "mine"), "");
  copyDatabaseTemplate(template, other);
  expect(await readdir(other)).toEqual(["mine"]);
});

test("a template that a build removes during the copy leaves nothing behind", async () => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, "template"));
  await writeFile(join(folder, "template/a"), "");
  await symlink("removed", join(folder, "template/b"));
  copyDatabaseTemplate(join(folder, "template"), join(folder, "database"));
  expect(await readdir(folder)).toEqual(["template"]);
});
