/** The baseline of the API benchmark: a bare Hono server, and an echo over `ws`. */
import { createWriteStream } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream } from "node:stream/web";
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { WebSocketServer } from "ws";

const app = new Hono();
const rows = Array.from({ length: 20 }, (_, row) => [`name ${row}`, "00000000-0000-0000-0000-000000000000", "private"]);
app.get("/rows", (c) => c.json({ header: ["Name", "UUID", "Visibility"], body: rows }));
app.put("/file", async (c) => {
  const file = createWriteStream(join(tmpdir(), `hanami-bench-${process.pid}`));
  await pipeline(Readable.fromWeb(c.req.raw.body as ReadableStream), file);
  return c.json({});
});

const server = serve({ fetch: app.fetch, hostname: "127.0.0.1", port: 0 }, ({ port }: AddressInfo) =>
  process.send?.(port),
);
new WebSocketServer({ server: server as never, perMessageDeflate: false }).on("connection", (socket) =>
  socket.on("message", (data) => socket.send(data as Buffer)),
);
process.once("disconnect", () => process.exit());
