import type { Server as HttpServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { createAdaptorServer } from "@hono/node-server";
import type { TlsFiles } from "../server/tls-files.ts";
import type { Api } from "./app.ts";

const badRequestAnswer = [
  "HTTP/1.1 400 Bad Request",
  "Server: Hanami",
  "Content-Type: text/plain",
  "Content-Length: 0",
  "Connection: close",
  "\r\n",
].join("\r\n");

/** What HTTP/1.0 may leave out. Nothing that is answered depends on it. */
const defaultHost = "localhost";

/**
 * The target of a request line without scheme and authority, which clients put there that believe to talk to a proxy.
 * Those that no URL can have stay, and are refused.
 */
function originForm(target: string): string {
  const [, authority, rest = ""] = /^https?:\/\/([^/?#]+)([^]*)$/i.exec(target) ?? [];
  if (authority === undefined || !URL.canParse(`http://${authority}/`)) return target;
  return rest.startsWith("/") ? rest : `/${rest}`;
}

/** A client that connects and does not get on with TLS; Node's own limit is two minutes. */
const tlsHandshakeMs = 20_000;

/**
 * The HTTP server of an API, with TLS when there is a certificate. Even what never becomes a request is answered with a
 * status that clients know.
 */
export function createHttpServer(api: Api, tls?: TlsFiles): HttpServer {
  const server = createAdaptorServer({
    fetch: api.fetch,
    hostname: defaultHost,
    ...(tls === undefined
      ? {}
      : { createServer: createTlsServer, serverOptions: { ...tls, handshakeTimeout: tlsHandshakeMs } }),
  }) as HttpServer;
  server.prependListener("request", (request) => {
    request.url = originForm(request.url ?? "");
  });
  // Node's own answers would be 431 for long headers, 408 for slow clients and 417 for unknown expectations.
  server.on("clientError", (_error, socket) => {
    if (socket.writable) socket.end(badRequestAnswer);
    else socket.destroy();
  });
  server.on("checkExpectation", (request, response) => server.emit("request", request, response));
  return server;
}
