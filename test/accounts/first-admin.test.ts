import { eq } from "drizzle-orm";
import { afterEach, expect, test } from "vitest";
import { users } from "../../src/db/schema/index.ts";
import { createTestApp, testPassphrase, type TestApp } from "../support/test-app.ts";

let app: TestApp;
afterEach(() => app.close());

test("the administrator from the configuration is created once and not changed afterwards", async () => {
  app = await createTestApp();
  expect(app.server.generatedAdmin).toBeUndefined();
  const [before] = await app.app.db.select().from(users);
  expect(before?.passphrase_hash).toMatch(/^\$argon2id\$/);
  await app.restart();
  expect(await app.app.db.select().from(users)).toEqual([before]);
  expect(await app.login("asdf", testPassphrase)).toEqual(expect.any(String));
});

test("without any active administrator, the next start creates one with a random passphrase", async () => {
  app = await createTestApp();
  await app.app.db.update(users).set({ deleted_at: new Date() }).where(eq(users.id, "asdf"));
  app.server.app.config.admin = { id: undefined, name: undefined, passphrase: undefined };
  await app.restart();
  const admin = app.server.generatedAdmin;
  expect(admin?.id).toBe("admin");
  expect(admin?.passphrase).toMatch(/^[A-Za-z0-9_-]{24}$/);
  expect(await app.login("admin", admin?.passphrase)).toEqual(expect.any(String));
  await app.restart();
  expect(app.server.generatedAdmin).toBeUndefined();
});
