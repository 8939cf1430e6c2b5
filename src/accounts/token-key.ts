import { createHash, randomBytes, webcrypto } from "node:crypto";
import { existsSync } from "node:fs";
import { link, mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Logger } from "pino";
import type { Config } from "../server/config.ts";
import { StartError } from "../errors.ts";
import type { TokenUser } from "./token-user.ts";

/** The size of HS256's hash; shorter keys are too easy to guess (RFC 7518, 3.2). */
const keyBytesMin = 32;

/** A key that signs or checks tokens. */
export interface TokenKey {
  /** Value of the header `kid`: the first 16 hexadecimal digits of the key's SHA-256. */
  id: string;
  key: webcrypto.CryptoKey;
}

/** A token whose signature has been checked: its claims `exp` and `user`. */
export interface CheckedToken {
  expires: number;
  user: Readonly<TokenUser>;
}

type KeySettings = Pick<Config, "tokenKey" | "tokenKeyFile" | "tokenOldKeyFiles">;

/** The keys of the configuration: the first one signs, all are accepted. */
export class TokenKeys {
  readonly #log: Pick<Logger, "warn">;
  #keys: readonly [TokenKey, ...TokenKey[]];
  /** Tokens whose signature matches one of these keys. */
  #checked = new Map<string, CheckedToken>();

  private constructor(log: Pick<Logger, "warn">, keys: readonly [TokenKey, ...TokenKey[]]) {
    this.#log = log;
    this.#keys = keys;
  }

  /** Generates the file of the signing key if it is missing. Throws StartError for an unusable key. */
  static async load(settings: KeySettings, log: Pick<Logger, "warn" | "info">): Promise<TokenKeys> {
    const { tokenKey, tokenKeyFile } = settings;
    if (tokenKey === undefined && !existsSync(tokenKeyFile) && (await makeKeyFile(tokenKeyFile))) {
      log.info({ file: tokenKeyFile }, "a token key was generated");
    }
    return new TokenKeys(log, await loadKeys(settings, log));
  }

  /**
   * Loads the keys of new settings or changed files. Returns true when a key is no longer accepted. An error changes
   * nothing; a missing file is an error, because a new key would log out all users.
   */
  async reload(settings: KeySettings): Promise<boolean> {
    const before = this.#keys;
    this.#keys = await loadKeys(settings, this.#log);
    // A check in progress adds its token to the old map.
    this.#checked = new Map();
    return before.some(({ id }) => this.#keys.every((key) => key.id !== id));
  }

  get checked(): Map<string, CheckedToken> {
    return this.#checked;
  }

  get signing(): TokenKey {
    return this.#keys[0];
  }

  /** Whether several keys are accepted, so that tokens must name the key that signed them. */
  get areSeveral(): boolean {
    return this.#keys.length > 1;
  }

  /** The key with this id; all keys when there is no such key or no id. */
  candidates(id: unknown): readonly TokenKey[] {
    const named = this.#keys.filter((key) => key.id === id);
    return named.length > 0 ? named : this.#keys;
  }
}

async function loadKeys(settings: KeySettings, log: Pick<Logger, "warn">): Promise<[TokenKey, ...TokenKey[]]> {
  const { tokenKey, tokenKeyFile, tokenOldKeyFiles } = settings;
  let signing: TokenKey;
  if (tokenKey === undefined) {
    signing = await readKeyFile(tokenKeyFile, log);
  } else {
    signing = await importKey(Buffer.from(tokenKey), "The token key HANAMI_TOKEN_KEY");
  }
  const old: TokenKey[] = [];
  for (const file of tokenOldKeyFiles) old.push(await readKeyFile(file, log));
  return [signing, ...old.filter(({ id }) => id !== signing.id)];
}

/** Creates a missing key file; only its owner may read it, since the key can forge any token. False when it exists. */
async function makeKeyFile(file: string): Promise<boolean> {
  const draft = `${file}.${randomBytes(4).toString("hex")}`;
  try {
    await mkdir(dirname(file), { recursive: true });
    // Written under another name first, so that neither a reader nor a crash ever sees a partial key.
    await writeFile(draft, randomBytes(48).toString("base64"), { flag: "wx", mode: 0o600, flush: true });
    // Decides the race between two processes that both find no file.
    await link(draft, file);
    return true;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return false;
    throw new StartError(`The token key file ${file} cannot be created: ${message}`, { cause: error });
  } finally {
    await rm(draft, { force: true }).catch(() => {});
  }
}

async function readKeyFile(file: string, log: Pick<Logger, "warn">): Promise<TokenKey> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
    const { mode } = await stat(file);
    if ((mode & 0o077) !== 0) log.warn({ file }, "other users of this machine can read the token key");
  } catch (error) {
    throw new StartError(`The token key file ${file} cannot be read: ${(error as Error).message}`);
  }
  return importKey(bytes, `The token key file ${file}`);
}

async function importKey(bytes: Buffer, name: string): Promise<TokenKey> {
  if (bytes.length < keyBytesMin) {
    throw new StartError(
      `${name} has ${bytes.length} bytes, but at least ${keyBytesMin} are needed. Make one with: openssl rand -base64 48`,
    );
  }
  return {
    id: createHash("sha256").update(bytes).digest("hex").slice(0, 16),
    key: await webcrypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign", "verify"]),
  };
}
