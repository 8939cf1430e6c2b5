import { authenticate } from "../accounts/authenticate.ts";
import { mayCall } from "../accounts/policies.ts";
import { tokenEndMs } from "../accounts/tokens.ts";
import type { App, Visitor } from "../app-context.ts";
import type { Caller } from "../accounts/caller.ts";
import { badRequest, tooMany, unauthorized } from "../errors.ts";
import { writeAuditLog } from "../logs/write-audit-log.ts";
import { errorBox } from "./ascii-box.ts";
import { addressKey } from "../limits/address-key.ts";
import { readBody } from "./read-body.ts";
import { hasFewItems, JSON_ITEMS_MAX, tooManyItems } from "./json-items.ts";
import { mergeInput, parseBody } from "./read-input.ts";
import type { PatientClient } from "../tasks/wait-for-task.ts";
import type { Route } from "./route.ts";

/** First segment of every API path. */
export const versionPrefix = "v1.0alpha";

const pathCharsMin = 6;

/** Endpoints by `METHOD path`. */
export type RouteTable = ReadonlyMap<string, Route>;

export function routeTable(routes: readonly Route[]): RouteTable {
  const table = new Map<string, Route>();
  for (const route of routes) {
    const key = `${route.method} ${versionPrefix}${route.path}`;
    if (table.has(key)) throw new Error(`two routes for ${key}`);
    table.set(key, route);
  }
  return table;
}

/** Details of a request, filled in while it is handled; used by metrics and by the error log. */
export interface RequestTrace {
  method: string;
  path: string;
  /** Path of the endpoint, without the version; `none` without an endpoint. */
  route: string;
  userId: string;
  /** Address of the client; empty without a connection. */
  address: string;
  values: ReadonlyMap<string, unknown>;
  /** Time that the request waited for an event, at the client's wish. */
  waitedMs: number;
}

function splitTarget(target: string): { path: string; query: URLSearchParams } {
  const mark = target.indexOf("?");
  if (mark < 0) return { path: target, query: new URLSearchParams() };
  return { path: target.slice(0, mark), query: new URLSearchParams(target.slice(mark + 1)) };
}

function climbs(path: string): boolean {
  return path.replaceAll(/%2e/gi, ".").includes("..");
}

async function readValues(
  request: Request,
  path: string,
  { bytesMax, itemsMax }: { bytesMax: number; itemsMax: number },
): Promise<Map<string, unknown>> {
  const takesBody = request.method === "POST" || request.method === "PUT";
  if (!takesBody) return new Map();
  const text = await readBody(request, bytesMax);
  if (text !== undefined && !hasFewItems(text, itemsMax)) throw tooManyItems(itemsMax);
  const values = text === undefined ? undefined : parseBody(text);
  if (values === undefined) throw badRequest(`Failed to pasre uri: ${path}`);
  return values;
}

/** Each attempt first takes a token, so that parallel attempts cannot exceed the limit; a successful one returns it. */
async function limitLogins<T>({ app, address }: Visitor, login: () => Promise<T>): Promise<T> {
  if (address === "") return login();
  if (!app.loginRate.take(address)) {
    app.metrics.refused("logins");
    throw tooMany("Too many failed logins.", app.loginRate.waitSeconds(address));
  }
  const result = await login();
  app.loginRate.giveBack(address);
  return result;
}

/**
 * Carries out a request: first the contract's checks in the contract's order, then the endpoint. `target` is the
 * request line's path and query, as sent by the client. Fills in `trace` on the way. Throws HanamiError with the wire
 * text.
 */
export async function handleRequest(
  { app, table, hangUp }: { app: App; table: RouteTable; hangUp: () => void },
  request: Request,
  target: string,
  trace: RequestTrace,
): Promise<object> {
  const { method } = request;
  const { path, query } = splitTarget(target);
  trace.method = method;
  trace.path = path;

  if (!["GET", "POST", "PUT", "DELETE"].includes(method)) {
    throw badRequest(errorBox(`Invalid request-method '${method}'`));
  }
  if (!path.startsWith("/") || climbs(path)) throw badRequest("");
  if (path.length < pathCharsMin) throw badRequest(`Failed to pasre uri: ${path}`);
  const endpoint = path.slice(1);
  const route = table.get(`${method} ${endpoint}`);
  const { bodyBytes: bytesMax } = app.config.limits;
  const body = await readValues(request, path, { bytesMax, itemsMax: route?.itemsMax ?? JSON_ITEMS_MAX });

  trace.route = route?.path ?? "none";
  const input = () => {
    trace.values = mergeInput(route?.rules ?? [], body, query);
    return trace.values;
  };
  if (route?.public === true) {
    const visitor: Visitor = { app, address: trace.address === "" ? "" : addressKey(trace.address) };
    const handle = () => route.handle(visitor, input());
    return endpoint === `${versionPrefix}/token` ? limitLogins(visitor, handle) : handle();
  }

  const token = request.headers.get("x-auth-token") ?? "";
  const identify = () => authenticate(app, token);
  const caller: Caller = await identify();
  trace.userId = caller.userId;
  if (!app.requestRate.take(caller.userUuid)) {
    app.metrics.refused("requests");
    throw tooMany("Too many requests.", app.requestRate.waitSeconds(caller.userUuid));
  }
  const checkPolicy = (each: Caller) => {
    if (!mayCall(app.policies, each, endpoint, method)) throw unauthorized("Access denied by policy");
  };
  checkPolicy(caller);

  const context = { app, caller };
  if (method !== "GET") await writeAuditLog(context, { endpoint, method });
  if (route === undefined) throw badRequest(`No endpoint found for path '${endpoint}' and type ${method}`);
  const client: PatientClient = {
    get signal() {
      return request.signal;
    },
    checkAgain: async () => {
      const again = await identify();
      checkPolicy(again);
      return again;
    },
    get tokenEndMs() {
      return caller.key?.expiresMs ?? tokenEndMs(token);
    },
    lastEventId: request.headers.get("last-event-id") ?? undefined,
    hangUp,
    waited: (ms) => {
      trace.waitedMs += ms;
    },
  };
  return route.handle(context, input(), client);
}
