import { randomBytes, webcrypto } from "node:crypto";
import { mkdir, open, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { StartError } from "../start-error.ts";

export type TokenKey = webcrypto.CryptoKey;

/**
 * The key that signs tokens: the content of the key file. A missing file is made, readable for its owner only;
 * whoever can read it can be anybody.
 */
export async function loadTokenKey(file: string): Promise<TokenKey> {
  await mkdir(dirname(file), { recursive: true });
  try {
    // "wx" decides the race of two processes that both find no file.
    const handle = await open(file, "wx", 0o600);
    try {
      await handle.writeFile(randomBytes(48).toString("base64"));
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  const key = await readFile(file);
  if (key.length === 0) throw new StartError(`The token key file ${file} is empty. Delete it to have a new one made.`);
  return webcrypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign", "verify"]);
}
