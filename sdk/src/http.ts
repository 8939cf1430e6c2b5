import { ConnectionError, errorFor, HanamiError } from "./errors.ts";

export type Method = "GET" | "POST" | "PUT" | "DELETE";

/** Input of an endpoint: a flat object. Keys that are undefined are left out. */
export type Input = Readonly<Record<string, unknown>>;

export interface Http {
  /** Such as `http://127.0.0.1:11418`, perhaps with a path before that of the server. */
  readonly address: string;
  readonly fetch: typeof globalThis.fetch;
}

const BASE_PATH = "/v1.0alpha";

/** The address without the slash that may be at its end. */
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
 * One request; resolves once the answer has begun. Throws the error that belongs to the answer's status, and
 * ConnectionError when there is no answer.
 */
export async function open(
  http: Http,
  method: Method,
  path: string,
  input: Input,
  token: string | undefined,
): Promise<Response> {
  const { url, body } = target(http.address, method, path, input);
  const headers: Record<string, string> = {};
  if (token !== undefined) headers["X-Auth-Token"] = token;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  try {
    const response = await http.fetch(url, { method, headers, ...(body === undefined ? {} : { body }) });
    if (response.status === 200) return response;
    throw errorFor(response.status, await response.text());
  } catch (error) {
    if (error instanceof HanamiError) throw error;
    throw new ConnectionError(`Cannot reach ${url.origin}: ${reason(error)}`, undefined, { cause: error });
  }
}

/** As `open`, for answers in JSON. Throws ConnectionError also when the answer is one that no server of ours gives. */
export async function send(
  http: Http,
  method: Method,
  path: string,
  input: Input,
  token: string | undefined,
): Promise<unknown> {
  const response = await open(http, method, path, input, token);
  const { origin } = new URL(http.address);
  let text: string;
  try {
    text = await response.text();
  } catch (error) {
    throw new ConnectionError(`Cannot reach ${origin}: ${reason(error)}`, undefined, { cause: error });
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ConnectionError(`${origin} does not answer like a Hanami server.`, undefined, { cause: error });
  }
}

/** `fetch` hides the reason one level down. */
function reason(error: unknown): string {
  type Cause = { message?: string; code?: string; library?: string; reason?: string };
  const { message, cause } = error as { message?: string; cause?: Cause };
  // Where OpenSSL found a problem in its own sources, which its message tells, helps nobody.
  if (cause?.library !== undefined && cause.reason !== undefined) return `${cause.library}: ${cause.reason}`;
  return cause?.message || cause?.code || message || String(error);
}
