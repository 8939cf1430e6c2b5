import { createHash, timingSafeEqual } from "node:crypto";
import type { HttpBindings } from "@hono/node-server";
import { Hono } from "hono";
import type { App } from "../app-context.ts";
import { clientAddress } from "../limits/client-address.ts";
import { collectMetrics } from "../metrics/collect-metrics.ts";
import { isReady } from "../metrics/is-ready.ts";

const metricsRefusal = "Metrics are for this machine only, or for those who know HANAMI_METRICS_TOKEN.\n";

/** An empty address means a request without a socket, from inside the process. */
function isThisMachine(address: string): boolean {
  return address === "" || address === "::1" || /^(::ffff:)?127\./.test(address);
}

/** Compares in constant time, so that timing does not reveal how much of a text is right. */
function isSame(given: string | undefined, expected: string): boolean {
  const hash = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(hash(given ?? ""), hash(expected));
}

/**
 * Endpoints for the operator, without a token and outside the API's paths: `/health` (the process answers), `/ready`
 * (database, disk and hosts work, too; 503 otherwise) and `/metrics`.
 */
export function probes(app: App) {
  const hono = new Hono<{ Bindings: Partial<HttpBindings> }>();
  const headers = { "Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store", Server: "Hanami" };
  hono.get("/health", (c) => c.body("ok\n", 200, headers));
  hono.get("/ready", async (c) => {
    const { ready, reason } = await isReady(app);
    const text = reason === undefined ? "not ready" : `not ready. ${reason}`;
    return c.body(`${ready ? "ready" : text}\n`, ready ? 200 : 503, headers);
  });
  hono.get("/metrics", async (c) => {
    const { metricsToken, trustedProxies } = app.config;
    const peer = c.env?.incoming?.socket.remoteAddress ?? "";
    const address = clientAddress(peer, c.req.header("x-forwarded-for"), trustedProxies);
    const mayRead =
      metricsToken === undefined
        ? isThisMachine(address)
        : isSame(c.req.header("authorization"), `Bearer ${metricsToken}`);
    if (!mayRead) return c.body(metricsRefusal, 401, { ...headers, "WWW-Authenticate": "Bearer" });
    try {
      const metrics = await collectMetrics(app, { withClusters: metricsToken !== undefined });
      return c.body(metrics, 200, { ...headers, "Content-Type": "text/plain; version=0.0.4; charset=utf-8" });
    } catch (error) {
      app.log.warn({ err: error }, "no metrics");
      return c.body("", 503, headers);
    }
  });
  return hono;
}
