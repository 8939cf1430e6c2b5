import { createHash, randomBytes } from "node:crypto";
import type { Caller } from "./caller.ts";
import { unauthorized } from "../errors.ts";

/** Makes keys recognizable, for this server and for programs that look for leaked secrets. */
const PREFIX = "hanami_";
const RANDOM_BYTES = 32;
const wellFormed = new RegExp(`^${PREFIX}[A-Za-z0-9_-]{${Math.ceil((RANDOM_BYTES * 4) / 3)}}$`);

/** Whether the text is meant as an API key. No token begins like one: tokens begin with base64 of `{"`. */
export const isApiKey = (text: string): boolean => text.startsWith(PREFIX);

export const newApiKey = (): string => PREFIX + randomBytes(RANDOM_BYTES).toString("base64url");

/**
 * The hash by which the database knows a key; undefined for a text that cannot be one. Plain SHA-256 is enough: nobody
 * can try 2^256 keys, however fast the hash, whereas the slow hash of a passphrase would cost each lookup 20 ms.
 */
export function hashApiKey(text: string): string | undefined {
  return wellFormed.test(text) ? createHash("sha256").update(text).digest("hex") : undefined;
}

/** The refusal of a key where only a token counts. */
export const KEY_REFUSED = "An API key can neither manage API keys nor get tokens.";

/** Throws 401 for a key: what it made would live on when the key is revoked. */
export function requireToken({ key }: Pick<Caller, "key">): void {
  if (key !== undefined) throw unauthorized(KEY_REFUSED);
}
