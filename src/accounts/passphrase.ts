import { randomBytes } from "node:crypto";
import { hash, verify } from "@node-rs/argon2";

/** Argon2id with the memory and time cost that OWASP names first (19 MiB, 2 passes). */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** Hash (PHC string) of the passphrase behind the base64 text that travels over the wire. */
export async function hashPassphrase(base64: string): Promise<string> {
  return hash(Buffer.from(base64, "base64"), cost);
}

let decoy: Promise<string> | undefined;

/**
 * Whether the passphrase belongs to the hash. Without a hash (unknown user) it computes as long and says no, so that
 * the time of an answer does not tell which users exist.
 */
export async function verifyPassphrase(base64: string, passphraseHash: string | undefined): Promise<boolean> {
  decoy ??= hash(randomBytes(32), cost);
  const matches = await verify(passphraseHash ?? (await decoy), Buffer.from(base64, "base64"));
  return passphraseHash !== undefined && matches;
}
