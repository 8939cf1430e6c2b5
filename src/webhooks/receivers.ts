import { readFile } from "node:fs/promises";
import { StartError } from "../errors.ts";
import { webhookSecretChars, type Config } from "../server/config.ts";

/** To whom the server posts. */
export interface Receivers {
  /** Prefixes of their URLs. */
  urls: readonly string[];
  /** Signs what they get. */
  secret: string;
}

/** Undefined where the server posts to nobody. Throws StartError for an unusable file of the secret. */
export async function loadReceivers({ webhooks }: Pick<Config, "webhooks">): Promise<Receivers | undefined> {
  const { urls, secretFile } = webhooks;
  const secret = secretFile === undefined ? webhooks.secret : await readSecret(secretFile);
  return urls.length === 0 || secret === undefined ? undefined : { urls, secret };
}

async function readSecret(file: string): Promise<string> {
  const text = await readFile(file, "utf8").catch((error: Error) => {
    throw new StartError(`The webhook secret file ${file} cannot be read: ${error.message}`);
  });
  // Editors and openssl end a file with a line end, which nobody would type into the receiver's settings.
  const secret = text.replace(/\r?\n$/, "");
  const { min, max } = webhookSecretChars;
  if (secret.length >= min && secret.length <= max) return secret;
  throw new StartError(
    `The webhook secret file ${file} has ${secret.length} characters, but ${min} to ${max} are needed. ` +
      "Make one with: openssl rand -base64 48",
  );
}
