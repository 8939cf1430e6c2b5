import type { MiddlewareHandler } from "hono";

/** What a page of another origin may send and read, beyond what every page may. */
const preflightHeaders = {
  "Access-Control-Allow-Methods": "GET, POST, PUT, DELETE",
  "Access-Control-Allow-Headers": "X-Auth-Token, Content-Type, Last-Event-ID",
  "Access-Control-Max-Age": "600",
};
const exposedHeaders = "Retry-After, X-Request-Id, Content-Disposition";

/**
 * Lets pages of these origins call the API (CORS); `*` stands for every origin. Tokens and keys travel in a header that
 * the page itself sets, so cookies and other credentials of the browser are never allowed. Requests of other origins
 * are handled as if this were not there: a browser keeps their answers from the page.
 */
export function cors(origins: readonly string[]): MiddlewareHandler {
  const isEvery = origins.includes("*");
  return async (c, next) => {
    // Tells caches that the answer for one origin is none for another.
    if (!isEvery) c.header("Vary", "Origin");
    const origin = c.req.header("origin");
    if (origin === undefined || (!isEvery && !origins.includes(origin))) return next();
    c.header("Access-Control-Allow-Origin", isEvery ? "*" : origin);
    if (c.req.method === "OPTIONS" && c.req.header("access-control-request-method") !== undefined) {
      return c.body(null, 204, preflightHeaders);
    }
    c.header("Access-Control-Expose-Headers", exposedHeaders);
    return next();
  };
}
