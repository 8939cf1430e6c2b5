import { access, constants } from "node:fs/promises";
import { sql } from "drizzle-orm";
import { Hono } from "hono";
import type { App } from "../app-context.ts";
import { collectMetrics } from "../measurements/collect-metrics.ts";

/** A database that does not answer in this time is taken for gone. */
const answerMs = 2000;

async function isReady(app: App): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("the database does not answer")), answerMs);
  });
  try {
    await Promise.race([app.db.execute(sql`select 1`), late]);
    await access(app.storage.root, constants.W_OK);
    return true;
  } catch (error) {
    app.log.warn({ err: error }, "not ready");
    return false;
  } finally {
    clearTimeout(timer);
  }
}

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
