import { Hono } from "hono";
import type { App } from "../app-context.ts";
import { collectMetrics } from "../measurements/collect-metrics.ts";
import { isReady } from "../measurements/is-ready.ts";

/**
 * What whoever runs the server asks, without a token and outside of the API's paths: `/health` (the process answers),
 * `/ready` (database and disk do, too; 503 otherwise) and `/metrics`.
 */
export function probes(app: App) {
  const hono = new Hono();
  const headers = { "Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store", Server: "Hanami" };
  hono.get("/health", (c) => c.body("ok\n", 200, headers));
  hono.get("/ready", async (c) => {
    const ready = await isReady(app);
    return c.body(ready ? "ready\n" : "not ready\n", ready ? 200 : 503, headers);
  });
  hono.get("/metrics", async (c) => {
    try {
      const metrics = await collectMetrics(app);
      return c.body(metrics, 200, { ...headers, "Content-Type": "text/plain; version=0.0.4; charset=utf-8" });
    } catch (error) {
      app.log.warn({ err: error }, "no metrics");
      return c.body("", 503, headers);
    }
  });
  return hono;
}
