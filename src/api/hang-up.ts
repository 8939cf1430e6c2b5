import type { HttpBindings } from "@hono/node-server";

/** How long a client may take to read the rest of an answer that the server has ended. */
export const REST_MS = 5000;

/**
 * Breaks off a connection unless its client has soon read the end of the answer: a client that reads nothing would keep
 * it for ever.
 */
export function hangUpSoon(response: Pick<HttpBindings["outgoing"], "writableFinished" | "destroy">): void {
  setTimeout(() => {
    if (!response.writableFinished) response.destroy();
  }, REST_MS).unref();
}
