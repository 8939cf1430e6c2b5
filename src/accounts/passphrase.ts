import { isUtf8 } from "node:buffer";
import { randomBytes } from "node:crypto";
import { availableParallelism } from "node:os";
import { hash, verify } from "@node-rs/argon2";
import { badRequest } from "../errors.ts";
import { Semaphore } from "../limits/semaphore.ts";

/** A passphrase as it travels over the wire: exactly one of the two. */
export interface GivenPassphrase {
  /** Base64 of the UTF-8 text. */
  passphrase?: string | undefined;
  /** The text itself. */
  password?: string | undefined;
}

const texts = {
  passphrase: "Given item 'passphrase' is not the base64 of an UTF-8 text.",
  password: "Given item 'password' is not a text: it holds half of a character.",
};

export const passphraseTexts = Object.values(texts);

/**
 * The text of a passphrase, character by character as it was given: nothing is trimmed or normalized. Throws bad_request
 * for what is no text.
 */
export function readPassphrase({ passphrase, password }: GivenPassphrase): string {
  if (password !== undefined) {
    // Half of a surrogate pair has no UTF-8: all of them would be one and the same character.
    if (/\p{Surrogate}/u.test(password)) throw badRequest(texts.password);
    return password;
  }
  const bytes = Buffer.from(passphrase ?? "", "base64");
  if (!isUtf8(bytes)) throw badRequest(texts.passphrase);
  return bytes.toString("utf8");
}

/** Argon2id with the memory and time cost that OWASP names first (19 MiB, 2 passes). */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** Hash (PHC string) of the UTF-8 bytes of a passphrase. */
export async function hashPassphrase(passphrase: string): Promise<string> {
  return hash(passphrase, cost);
}

/**
 * Comparing takes 20 ms and more of one of the four threads that also read and write files: without a bound a flood of
 * logins keeps all files waiting. One address, or user, has one place.
 */
export function comparisonSemaphore(): Semaphore {
  const total = Math.max(1, Math.min(2, availableParallelism() - 1));
  return new Semaphore({ total, group: 1, user: 1, long: total });
}

let decoy: Promise<string> | undefined;

/**
 * Whether the passphrase belongs to the hash. Without a hash (unknown user) it computes as long and says no, so that
 * the time of an answer does not tell which users exist.
 */
export async function verifyPassphrase(passphrase: string, passphraseHash: string | undefined): Promise<boolean> {
  decoy ??= hash(randomBytes(32), cost);
  const matches = await verify(passphraseHash ?? (await decoy), passphrase);
  return passphraseHash !== undefined && matches;
}
