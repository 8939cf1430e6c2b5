import { expect, test } from "vitest";
import { hashPassphrase, verifyPassphrase } from "../../src/accounts/passphrase.ts";

const base64 = (text: string) => Buffer.from(text).toString("base64");

test("Argon2id with the cost that the documentation states, and a salt of its own each time", async () => {
  const hashes = [await hashPassphrase(base64("a passphrase")), await hashPassphrase(base64("a passphrase"))];
  for (const hash of hashes) {
    expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    expect(await verifyPassphrase(base64("a passphrase"), hash)).toBe(true);
    expect(await verifyPassphrase(base64("a passphrasf"), hash)).toBe(false);
  }
  expect(hashes[0]).not.toBe(hashes[1]);
  expect(await verifyPassphrase(base64("a passphrase"), undefined)).toBe(false);
});
