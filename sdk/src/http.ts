import { ConnectionError, errorFor, HanamiError } from "./errors.ts";

export type Method = "GET" | "POST" | "PUT" | "DELETE";

/** Input of an endpoint: a flat object. Undefined values are omitted. */
export type Input = Readonly<Record<string, unknown>>;

export interface Http {
  /** Such as `http://127.0.0.1:11418`, optionally with a path that precedes the server's paths. */
  readonly address: string;
  readonly fetch: typeof globalThis.fetch;
}

const BASE_PATH = "/v1.0alpha";

/** The address without trailing slashes. */
export const withoutSlash = (address: string): string => address.replace(/\/+$/, "");

function target(address: string, method: Method, path: string, input: Input): { url: URL; body: string | undefined } {
  const url = new URL(withoutSlash(address) + BASE_PATH + path);
  if (method === "POST" || method === "PUT") return { url, body: JSON.stringify(input) };
  for (const [key, value] of Object.entries(input)) {
    if (value !== undefined) url.searchParams.set(key, `${value as string | number | boolean}`);
  }
  return { url, body: undefined };
}

/**
 * Sends a request, with `more` headers; resolves when the answer begins. Throws the error for the answer's status, and
 * ConnectionError without an answer. An aborted request throws the signal's reason.
 */
export async function open(
  http: Http,
  method: Method,
  path: string,
  input: Input,
  token: string | undefined,
  signal?: AbortSignal,
  more: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const { url, body } = target(http.address, method, path, input);
  const headers: Record<string, string> = { ...more };
  if (token !== undefined) headers["X-Auth-Token"] = token;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  try {
    const options = { ...(body === undefined ? {} : { body }), ...(signal === undefined ? {} : { signal }) };
    const response = await http.fetch(url, { method, headers, ...options });
    if (response.status === 200) return response;
    throw errorFor(response.status, await response.text());
  } catch (error) {
    if (error instanceof HanamiError) throw error;
    signal?.throwIfAborted();
    throw new ConnectionError(`Cannot reach ${url.origin}: ${reason(error)}`, undefined, { cause: error });
  }
}

/** Like `open`, for answers in JSON. Also throws ConnectionError when the answer is not JSON. */
export async function send(
  http: Http,
  method: Method,
  path: string,
  input: Input,
  token: string | undefined,
  signal?: AbortSignal,
): Promise<unknown> {
  const response = await open(http, method, path, input, token, signal);
  const { origin } = new URL(http.address);
  let text: string;
  try {
    text = await response.text();
  } catch (error) {
    signal?.throwIfAborted();
    throw new ConnectionError(`Cannot reach ${origin}: ${reason(error)}`, undefined, { cause: error });
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ConnectionError(`${origin} does not answer like a Hanami server.`, undefined, { cause: error });
  }
}

/** The reason of a failure, which `fetch` hides in the error's cause. */
function reason(error: unknown): string {
  type Cause = { message?: string; code?: string; library?: string; reason?: string };
  const { message, cause } = error as { message?: string; cause?: Cause };
  // The message would name a place in OpenSSL's sources, which helps no user.
  if (cause?.library !== undefined && cause.reason !== undefined) return `${cause.library}: ${cause.reason}`;
  return cause?.message || cause?.code || message || String(error);
}
