import { ConnectionError, errorFor } from "./errors.ts";

export type Method = "GET" | "POST" | "PUT" | "DELETE";

/** Input of an endpoint: a flat object. Keys that are undefined are left out. */
export type Input = Readonly<Record<string, unknown>>;

export interface Http {
  /** Such as `http://127.0.0.1:11418`. */
  readonly address: string;
  readonly fetch: typeof globalThis.fetch;
}

const BASE_PATH = "/v1.0alpha";

function target(address: string, method: Method, path: string, input: Input): { url: URL; body: string | undefined } {
  const url = new URL(address.replace(/\/+$/, "") + BASE_PATH + path);
  if (method === "POST" || method === "PUT") return { url, body: JSON.stringify(input) };
  for (const [key, value] of Object.entries(input)) {
    if (value !== undefined) url.searchParams.set(key, `${value as string | number | boolean}`);
  }
  return { url, body: undefined };
}

/**
 * One request and its answer. Throws the error that belongs to the answer's status, and ConnectionError when there
 * is no answer or one that no server of ours gives.
 */
export async function send(
  http: Http,
  method: Method,
  path: string,
  input: Input,
  token: string | undefined,
): Promise<unknown> {
  const { url, body } = target(http.address, method, path, input);
  const headers: Record<string, string> = {};
  if (token !== undefined) headers["X-Auth-Token"] = token;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response: Response;
  let text: string;
  try {
    response = await http.fetch(url, { method, headers, ...(body === undefined ? {} : { body }) });
    text = await response.text();
  } catch (error) {
    throw new ConnectionError(`Cannot reach ${url.origin}: ${reason(error)}`, undefined, { cause: error });
  }
  if (response.status !== 200) throw errorFor(response.status, text);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ConnectionError(`${url.origin} does not answer like a Hanami server.`, undefined, { cause: error });
  }
}

/** `fetch` hides the reason one level down. */
function reason(error: unknown): string {
  const { message, cause } = error as { message?: string; cause?: { message?: string; code?: string } };
  return cause?.message || cause?.code || message || String(error);
}
