import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { loadTokenKey } from "../../src/accounts/token-key.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hanami-key-"));
});
afterEach(() => rm(folder, { recursive: true }));

test("a missing key file is made for its owner only, and kept", async () => {
  const file = join(folder, "deep", "token.key");
  await Promise.all([loadTokenKey(file), loadTokenKey(file)]);
  const content = await readFile(file, "utf8");
  expect(content.length).toBeGreaterThanOrEqual(43);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  await loadTokenKey(file);
  expect(await readFile(file, "utf8")).toBe(content);
});

test("an empty key file is refused", async () => {
  const file = join(folder, "token.key");
  await writeFile(file, "");
  await expect(loadTokenKey(file)).rejects.toThrow("is empty");
});
