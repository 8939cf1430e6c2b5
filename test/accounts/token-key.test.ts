import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { TokenKeys } from "../../src/accounts/token-key.ts";

let folder: string;
const warnings: unknown[] = [];
const made: unknown[] = [];
const log = {
  warn: (...what: unknown[]) => void warnings.push(what),
  info: (...what: unknown[]) => void made.push(what),
};
const load = (tokenKeyFile: string, more: { tokenKey?: string; tokenOldKeyFiles?: string[] } = {}) =>
  TokenKeys.load({ tokenKey: undefined, tokenOldKeyFiles: [], tokenKeyFile, ...more }, log);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hanami-key-"));
  warnings.length = 0;
  made.length = 0;
});
afterEach(() => rm(folder, { recursive: true }));

test("a missing key file is created, readable for its owner only, and kept", async () => {
  const file = join(folder, "deep", "token.key");
  const [first, second] = await Promise.all([load(file), load(file)]);
  const content = await readFile(file, "utf8");
  expect(content.length).toBeGreaterThanOrEqual(43);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  await load(file);
  expect(await readFile(file, "utf8")).toBe(content);
  expect(first.signing.id).toBe(second.signing.id);
  expect(warnings).toEqual([]);
  expect(made).toEqual([[{ file }, "a token key was generated"]]);
  expect(await readdir(join(folder, "deep"))).toEqual(["token.key"]);
});

test.each([
  ["empty", 0],
  ["short", 31],
])("a key file that is %s is refused", async (_name, bytes) => {
  const file = join(folder, "token.key");
  await writeFile(file, "k".repeat(bytes), { mode: 0o600 });
  await expect(load(file)).rejects.toThrow(`${file} has ${bytes} bytes, but at least 32 are needed`);
  await writeFile(file, "k".repeat(32));
  expect((await load(file)).candidates(undefined)).toHaveLength(1);
});

test("a key from the environment needs no file, and a short one is not shown", async () => {
  const file = join(folder, "token.key");
  const keys = await load(file, { tokenKey: "k".repeat(32) });
  await writeFile(file, "k".repeat(32), { mode: 0o600 });
  // The same bytes are the same key, whatever their source.
  expect((await load(file)).signing.id).toBe(keys.signing.id);
  await expect(load(file, { tokenKey: "too-short-secret" })).rejects.toThrow(
    /^The token key HANAMI_TOKEN_KEY has 16 bytes, (?!.*too-short-secret)/,
  );
});

test("a key that others can read is used, with a warning", async () => {
  const file = join(folder, "token.key");
  await load(file);
  await chmod(file, 0o640);
  await load(file);
  expect(warnings).toEqual([[{ file }, "other users of this machine can read the token key"]]);
});

test("an old key that is missing is named, and a reload that fails changes nothing", async () => {
  const file = join(folder, "token.key");
  const missing = join(folder, "old.key");
  await expect(load(file, { tokenOldKeyFiles: [missing] })).rejects.toThrow(missing);
  const keys = await load(file);
  const { id } = keys.signing;
  const settings = { tokenKey: "x".repeat(40), tokenKeyFile: file, tokenOldKeyFiles: [missing] };
  await expect(keys.reload(settings)).rejects.toThrow(missing);
  expect(keys.signing.id).toBe(id);
  expect(await keys.reload({ ...settings, tokenOldKeyFiles: [file] })).toBe(false);
  expect(keys.candidates(id)).toHaveLength(1);
  expect(keys.candidates("another")).toHaveLength(2);
  expect(await keys.reload({ ...settings, tokenOldKeyFiles: [] })).toBe(true);
});

test("a reload creates no key: if the file is missing, too short or a folder, everything stays as it was", async () => {
  const file = join(folder, "token.key");
  const keys = await load(file);
  const { id } = keys.signing;
  const settings = { tokenKey: undefined, tokenKeyFile: file, tokenOldKeyFiles: [] };
  await rm(file);
  await expect(keys.reload(settings)).rejects.toThrow(`${file} cannot be read`);
  await expect(keys.reload({ ...settings, tokenKeyFile: folder })).rejects.toThrow(`${folder} cannot be read`);
  await writeFile(file, "", { mode: 0o600 });
  await expect(keys.reload(settings)).rejects.toThrow(`${file} has 0 bytes`);
  expect([keys.signing.id, keys.areSeveral]).toEqual([id, false]);
});

test("a key file that cannot be created is named", async () => {
  await writeFile(join(folder, "file"), "");
  await expect(load(join(folder, "file/token.key"))).rejects.toThrow(/file\/token\.key cannot be read: ENOTDIR/);
});
