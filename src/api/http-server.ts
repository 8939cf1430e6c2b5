import type { Server as HttpServer } from "node:http";
import { createAdaptorServer } from "@hono/node-server";
import type { Api } from "./app.ts";

const badRequestAnswer = [
  "HTTP/1.1 400 Bad Request",
  "Server: Hanami",
  "Content-Type: text/plain",
  "Content-Length: 0",
  "Connection: close",
  "\r\n",
].join("\r\n");

/** The HTTP server of an API. Even what never becomes a request is answered with a status that clients know. */
export function createHttpServer(api: Api): HttpServer {
  const server = createAdaptorServer({ fetch: api.fetch }) as HttpServer;
  // Node's own answers would be 431 for long headers, 408 for slow clients and 417 for unknown expectations.
  server.on("clientError", (_error, socket) => {
    if (socket.writable) socket.end(badRequestAnswer);
    else socket.destroy();
  });
  server.on("checkExpectation", (request, response) => server.emit("request", request, response));
  return server;
}
