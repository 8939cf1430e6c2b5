import { randomUUID } from "node:crypto";
import type { HttpBindings } from "@hono/node-server";
import { Hono } from "hono";
import { secureHeaders } from "hono/secure-headers";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { App } from "../app-context.ts";
import { clientAddress } from "../limits/client-address.ts";
import { HanamiError, type HanamiErrorKind } from "../errors.ts";
import { isUnavailable } from "../hosts/host-errors.ts";
import { writeErrorLog } from "../logs/write-error-log.ts";
import { outageOf, outageTexts } from "../server/outage.ts";
import { cors } from "./cors.ts";
import { hangUpSoon } from "./hang-up.ts";
import { handleRequest, routeTable, versionPrefix, type RequestTrace } from "./handle-request.ts";
import { serveReference } from "./openapi/pages.ts";
import type { Route } from "./route.ts";
import { probes } from "./probes.ts";
import { isLong, slicedJson } from "./sliced-json.ts";
import { sortedJson } from "../server/sorted-json.ts";
import { StreamAnswer } from "./stream-answer.ts";

/** The only statuses besides 200 that clients know, except 500: empty for a bug, with a text for an outage. */
const statusOf: Record<HanamiErrorKind, ContentfulStatusCode> = {
  bad_request: 400,
  unauthorized: 401,
  not_found: 404,
  conflict: 409,
};

/** An outage lasts about as long as it takes to start a database. */
const outageRetrySeconds = "5";

interface Answer {
  status: ContentfulStatusCode;
  headers: Record<string, string>;
  body: string | ReadableStream<Uint8Array>;
}

/** Answers are data: they must not be cached or rendered as a page. */
const answerHeaders = {
  Server: "Hanami",
  "Cache-Control": "no-store",
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
};

const json = { "Content-Type": "text/json" };
const text = { "Content-Type": "text/plain" };

function answerWith(result: object, onFailure: (error: unknown) => void): Answer {
  if (result instanceof StreamAnswer) {
    return { status: 200, headers: result.headers(), body: result.toStream(onFailure) };
  }
  if (!isLong(result)) return { status: 200, headers: json, body: sortedJson(result) };
  const answer = new StreamAnswer("text/json", slicedJson(result));
  return { status: 200, headers: answer.headers(), body: answer.toStream(onFailure) };
}

async function answerTo(error: unknown, app: App, requestId: string, trace: RequestTrace): Promise<Answer> {
  if (error instanceof HanamiError) {
    const { retryAfterSeconds } = error;
    const retry: Record<string, string> =
      retryAfterSeconds === undefined ? {} : { "Retry-After": `${retryAfterSeconds}` };
    return { status: statusOf[error.kind], headers: { ...text, ...retry }, body: error.message };
  }
  // Neither a client error nor a bug: the cluster is on disk and can be moved.
  if (isUnavailable(error)) return { status: statusOf.conflict, headers: text, body: error.message };
  const { userId, values, method, path } = trace;
  const outage = outageOf(error);
  if (outage !== undefined) {
    app.log.error({ err: error, requestId, method, path }, outageTexts[outage]);
    return { status: 500, headers: { ...text, "Retry-After": outageRetrySeconds }, body: outageTexts[outage] };
  }
  const context = `${method} ${path}, request ${requestId}`;
  await writeErrorLog(app, { userId, component: "api", context, values, error });
  return { status: 500, headers: text, body: "" };
}

/** The HTTP side of the server. Opens nothing: all parts that it needs come with `app`. */
export function createApi(app: App, routes: readonly Route[]) {
  const table = routeTable(routes);
  const hono = new Hono<{ Bindings: Partial<HttpBindings>; Variables: { requestId: string } }>();

  hono.use(async (c, next) => {
    const requestId = randomUUID();
    c.set("requestId", requestId);
    c.header("X-Request-Id", requestId);
    await next();
  });

  // Without TLS in this server, the reverse proxy decides whether browsers must use it.
  hono.use(secureHeaders({ strictTransportSecurity: app.config.tls !== undefined }));
  if (app.config.corsOrigins.length > 0) hono.use(`/${versionPrefix}/*`, cors(app.config.corsOrigins));
  hono.use(serveReference());
  hono.route("/", probes(app));
  hono.all("*", async (c) => {
    const startMs = performance.now();
    const { requestId } = c.var;
    // All log entries of a request carry its id.
    const own: App = { ...app, log: app.log.child({ requestId }) };
    const trace: RequestTrace = {
      method: "",
      path: "",
      route: "none",
      userId: "",
      values: new Map(),
      waitedMs: 0,
      address: clientAddress(
        c.env?.incoming?.socket.remoteAddress ?? "",
        c.req.header("x-forwarded-for"),
        app.config.trustedProxies,
      ),
    };
    const request = c.req.raw;
    // A URL object has already resolved `..`, so the path comes from the request line if there is one.
    const target = c.env?.incoming?.url ?? request.url.slice(new URL(request.url).origin.length);
    let answer: Answer;
    try {
      const response = c.env?.outgoing;
      const hangUp = () => response && hangUpSoon(response);
      const result = await handleRequest({ app: own, table, hangUp }, request, target, trace);
      answer = answerWith(result, (error) => {
        own.log.error({ err: error, path: trace.path }, "an answer was cut off");
      });
    } catch (error) {
      answer = await answerTo(error, own, requestId, trace);
    }
    const { status, headers, body } = answer;
    const seconds = (performance.now() - startMs - trace.waitedMs) / 1000;
    const ms = Math.round(1000 * seconds);
    const isKnown = ["GET", "POST", "PUT", "DELETE"].includes(trace.method);
    const labels = { method: isKnown ? trace.method : "other", route: trace.route };
    app.metrics.requests.inc({ ...labels, status });
    app.metrics.requestSeconds.observe(labels, seconds);
    own.log.debug({ user: trace.userId, method: trace.method, path: trace.path, status, ms }, "request");
    return c.body(body, status, { ...headers, ...answerHeaders });
  });
  return hono;
}

export type Api = ReturnType<typeof createApi>;
