import { createHash, randomBytes, webcrypto } from "node:crypto";
import { existsSync } from "node:fs";
import { link, mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Logger } from "pino";
import type { Config } from "../server/config.ts";
import { StartError } from "../errors.ts";
import type { TokenUser } from "./token-user.ts";

/** As many bytes as the hash of HS256 has; fewer can be guessed (RFC 7518, 3.2). */
const keyBytesMin = 32;

/** A key that tokens are signed or checked with. */
export interface TokenKey {
  /** For the header `kid`: the beginning of the key's SHA-256. */
  id: string;
  key: webcrypto.CryptoKey;
}

/** Of a token: its claim `exp`, and what it says about its user. */
export interface CheckedToken {
  expires: number;
  user: Readonly<TokenUser>;
}

type KeySettings = Pick<Config, "tokenKey" | "tokenKeyFile" | "tokenOldKeyFiles">;

/** The keys of the configuration: the first one signs, all are accepted. */
export class TokenKeys {
  readonly #log: Pick<Logger, "warn">;
  #keys: readonly [TokenKey, ...TokenKey[]];
  /** What tokens say whose signature fits one of these keys. */
  #checked = new Map<string, CheckedToken>();

  private constructor(log: Pick<Logger, "warn">, keys: readonly [TokenKey, ...TokenKey[]]) {
    this.#log = log;
    this.#keys = keys;
  }

  /** A missing file of the signing key is made. Throws StartError for a key that can not be used. */
  static async load(settings: KeySettings, log: Pick<Logger, "warn" | "info">): Promise<TokenKeys> {
    const { tokenKey, tokenKeyFile } = settings;
    if (tokenKey === undefined && !existsSync(tokenKeyFile) && (await makeKeyFile(tokenKeyFile))) {
      log.info({ file: tokenKeyFile }, "a token key was made");
    }
    return new TokenKeys(log, await loadKeys(settings, log));
  }

  /**
   * Takes the keys of other settings, or of changed files. Returns true when a key is not accepted any more. After an
   * error everything is as before; a missing file is one, because a new key would log everybody out.
   */
  async reload(settings: KeySettings): Promise<boolean> {
    const before = this.#keys;
    this.#keys = await loadKeys(settings, this.#log);
    // Whoever is checking a token at the moment notes it in the old one.
    this.#checked = new Map();
    return before.some(({ id }) => this.#keys.every((key) => key.id !== id));
  }

  get checked(): Map<string, CheckedToken> {
    return this.#checked;
  }

  get signing(): TokenKey {
    return this.#keys[0];
  }

  /** Several keys are accepted, so tokens have to tell which one they were signed with. */
  get areSeveral(): boolean {
    return this.#keys.length > 1;
  }

  /** The key of this id; without such a key, or without an id, all of them. */
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

/** Makes a missing file, readable for its owner only; whoever can read it can be anybody. False when there is one. */
async function makeKeyFile(file: string): Promise<boolean> {
  const draft = `${file}.${randomBytes(4).toString("hex")}`;
  try {
    await mkdir(dirname(file), { recursive: true });
    // Under its name it is whole, whoever reads it meanwhile and whenever the process ends.
    await writeFile(draft, randomBytes(48).toString("base64"), { flag: "wx", mode: 0o600, flush: true });
    // Decides the race of two processes that both find no file.
    await link(draft, file);
    return true;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return false;
    throw new StartError(`The token key file ${file} can not be made: ${message}`, { cause: error });
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
    throw new StartError(`The token key file ${file} can not be read: ${(error as Error).message}`);
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
