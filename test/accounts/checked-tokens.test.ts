/** A token is checked once; a later change may invalidate the result. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { TokenKeys } from "../../src/accounts/token-key.ts";
import { readToken, signToken } from "../../src/accounts/tokens.ts";

const settings = { tokenKey: "k".repeat(32), tokenKeyFile: "", tokenOldKeyFiles: [] };
const log = { warn: () => {}, info: () => {} };
const user = {
  created_at: "2026-01-01 00:00:00",
  creator_id: "a",
  id: "u",
  is_admin: false,
  is_project_admin: false,
  name: "u",
  project_id: "p",
  role: "member",
};
const refused = (why: string) => `Failed to validate JWT-Token with error: ${why}`;

beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"] }));
afterEach(() => void vi.useRealTimers());

test("an accepted token expires in the same second as one that was never checked", async () => {
  const keys = await TokenKeys.load(settings, log);
  const other = await TokenKeys.load(settings, log);
  const token = await signToken(keys, user, 10);
  expect(await readToken(keys, token)).toEqual(user);
  const now = Date.now();
  for (const seconds of [9, 10, 11]) {
    vi.setSystemTime(now + 1000 * seconds);
    const outcomes = [keys, other].map((each) => readToken(each, token).catch((error: Error) => error.message));
    const [seen, unseen] = await Promise.all(outcomes);
    expect(seen).toEqual(unseen);
  }
  await expect(readToken(keys, token)).rejects.toThrow(refused("token expired"));
});

test("a token that was accepted, or is being checked, ends with its key", async () => {
  const keys = await TokenKeys.load(settings, log);
  const [seen, inCheck] = [await signToken(keys, user, 100), await signToken(keys, user, 101)];
  await readToken(keys, seen);
  const check = readToken(keys, inCheck);
  await keys.reload({ ...settings, tokenKey: "l".repeat(32) });
  await check;
  for (const token of [seen, inCheck]) {
    await expect(readToken(keys, token)).rejects.toThrow(refused("invalid signature"));
  }
});

test("a token with one changed letter is another token", async () => {
  const keys = await TokenKeys.load(settings, log);
  const token = await signToken(keys, user, 100);
  await readToken(keys, token);
  for (let at = 0; at < token.length - 1; at += 7) {
    const letter = token[at] === "A" ? "B" : "A";
    await expect(readToken(keys, token.slice(0, at) + letter + token.slice(at + 1))).rejects.toThrow(
      "Failed to validate",
    );
  }
  expect(await readToken(keys, token)).toEqual(user);
});

test("the number of remembered tokens is bounded", async () => {
  const keys = await TokenKeys.load(settings, log);
  for (let nth = 0; nth < 4200; nth++) await readToken(keys, await signToken(keys, { ...user, id: `u${nth}` }, 100));
  expect(keys.checked.size).toBe(4096);
});
