import { decodeBase64, encodeBase64 } from "./base64.ts";
import { BadRequestError, UnauthorizedError } from "./errors.ts";
import { toDownload, type Download } from "./download.ts";
import { open, send, type Http, type Input, type Method } from "./http.ts";

export interface Credentials {
  readonly user: string;
  readonly passphrase: string;
}

/** An API key, which is its own token. */
export interface KeyCredentials {
  readonly key: string;
}

export interface TokenInfo {
  id: string;
  name: string;
  is_admin: boolean;
  token: string;
}

/** A token is renewed this long before it expires, so that none expires in transit. */
const MARGIN_MS = 30_000;

/** When to renew a token, in ms since 1970. Infinity if the token does not say: then only a 401 triggers it. */
export function renewalTime(token: string, nowMs: number): number {
  try {
    const { exp } = JSON.parse(decodeBase64(token.split(".")[1] ?? "")) as { exp?: unknown };
    // A token that has expired on arrival means that the two clocks differ, so the time is useless.
    if (typeof exp === "number" && exp * 1000 - MARGIN_MS > nowMs) return exp * 1000 - MARGIN_MS;
  } catch {
    // Tokens are opaque by contract.
  }
  return Number.POSITIVE_INFINITY;
}

/** Logs in when needed, and again when the token has expired; with an API key never. */
export class Session {
  readonly #http: Http;
  readonly #credentials: Credentials | KeyCredentials;
  #project: string | undefined;
  #current: Promise<TokenInfo> | undefined;
  #renewAtMs = 0;

  constructor(http: Http, credentials: Credentials | KeyCredentials) {
    this.#http = http;
    this.#credentials = credentials;
  }

  /** A token that will not expire soon. Concurrent callers share one login. Throws TypeError with a key. */
  async token(): Promise<TokenInfo> {
    const credentials = this.#credentials;
    if ("key" in credentials) throw new TypeError("A key needs no login, and works in its own project only.");
    if (this.#current !== undefined && Date.now() >= this.#renewAtMs) this.#current = undefined;
    if (this.#current === undefined) {
      this.#renewAtMs = Number.POSITIVE_INFINITY;
      const login = this.#login(credentials);
      this.#current = login;
      // A failed login is not cached: the next call retries.
      login.catch(() => {
        if (this.#current === login) this.#current = undefined;
      });
    }
    return this.#current;
  }

  /** Switches to another project of the user. */
  async switchProject(project: string): Promise<TokenInfo> {
    const { token } = await this.token();
    const info = await this.#enter(project, token);
    this.#project = project;
    this.#current = Promise.resolve(info);
    this.#renewAtMs = renewalTime(info.token, Date.now());
    return info;
  }

  /** Sends a request as this user. If the server refuses the token, renews it and retries once. */
  request(method: Method, path: string, input: Input, signal?: AbortSignal): Promise<unknown> {
    return this.withToken((token) => send(this.#http, method, path, input, token, signal));
  }

  /** Like `request`, for an answer that is a file. */
  async download(path: string, input: Input): Promise<Download> {
    return toDownload(await this.withToken((token) => open(this.#http, "GET", path, input, token)));
  }

  /** The body of an answer without an end: server-sent events, after the one with the id. */
  async listen(
    path: string,
    input: Input,
    lastEventId: string | undefined,
    signal: AbortSignal,
  ): Promise<ReadableStream<Uint8Array>> {
    const more = {
      Accept: "text/event-stream",
      ...(lastEventId === undefined ? {} : { "Last-Event-ID": lastEventId }),
    };
    const answer = await this.withToken((token) => open(this.#http, "GET", path, input, token, signal, more));
    const { body, headers } = answer;
    if (body !== null && headers.get("Content-Type")?.startsWith("text/event-stream") === true) return body;
    throw new BadRequestError("The server has no events.", 400);
  }

  /** Makes an attempt with the token; if that is refused, a second one with a new token. A refused key is final. */
  async withToken<T>(attempt: (token: string) => Promise<T>, isRefused = isRefusedToken): Promise<T> {
    if ("key" in this.#credentials) return attempt(this.#credentials.key);
    const { token } = await this.token();
    try {
      return await attempt(token);
    } catch (error) {
      if (!isRefused(error)) throw error;
    }
    if ((await this.#current?.catch(() => undefined))?.token === token) this.#current = undefined;
    return attempt((await this.token()).token);
  }

  async #login({ user, passphrase }: Credentials): Promise<TokenInfo> {
    const input = { id: user, passphrase: encodeBase64(passphrase) };
    let info = (await send(this.#http, "POST", "/token", input, undefined)) as TokenInfo;
    if (this.#project !== undefined) info = await this.#enter(this.#project, info.token);
    this.#renewAtMs = renewalTime(info.token, Date.now());
    return info;
  }

  async #enter(project: string, token: string): Promise<TokenInfo> {
    return (await send(this.#http, "PUT", "/token", { project_id: project }, token)) as TokenInfo;
  }
}

/** Other 401s mean that the user lacks the right, which a new token would not change. */
function isRefusedToken(error: unknown): boolean {
  return error instanceof UnauthorizedError && error.message.includes("JWT-Token");
}
