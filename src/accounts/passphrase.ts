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
 * The text of a passphrase exactly as given: neither trimmed nor normalized. Throws bad_request for invalid text.
 */
export function readPassphrase({ passphrase, password }: GivenPassphrase): string {
  if (password !== undefined) {
    // UTF-8 cannot encode lone surrogates; all of them would become the same character.
    if (/\p{Surrogate}/u.test(password)) throw badRequest(texts.password);
    return password;
  }
  const bytes = Buffer.from(passphrase ?? "", "base64");
  if (!isUtf8(bytes)) throw badRequest(texts.passphrase);
  return bytes.toString("utf8");
}

/** Argon2id with OWASP's first recommendation for memory and time cost (19 MiB, 2 passes). */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** Hash (PHC string) of the UTF-8 bytes of a passphrase. */
export async function hashPassphrase(passphrase: string): Promise<string> {
  return hash(passphrase, cost);
}

/**
 * A comparison occupies one of the four threads that also read and write files, for 20 ms and more: without a limit, a
 * flood of logins would block all file access. One address, or user, gets one slot.
 */
export function comparisonSemaphore(): Semaphore {
  const total = Math.max(1, Math.min(2, availableParallelism() - 1));
  return new Semaphore({ total, group: 1, user: 1, long: total });
}

let decoy: Promise<string> | undefined;

/**
 * Whether the passphrase matches the hash. Without a hash (unknown user) it computes just as long and returns false, so
 * that timing does not reveal which users exist.
 */
export async function verifyPassphrase(passphrase: string, passphraseHash: string | undefined): Promise<boolean> {
  decoy ??= hash(randomBytes(32), cost);
  const matches = await verify(passphraseHash ?? (await decoy), passphrase);
  return passphraseHash !== undefined && matches;
}
