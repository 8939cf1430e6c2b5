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

/** The host for HTTP/1.0 requests, which may omit it. No answer depends on it. */
const defaultHost = "localhost";

/**
 * The target of a request line without scheme and authority, which clients send when they take the server for a proxy.
 * An invalid authority is kept, and the request is refused.
 */
function originForm(target: string): string {
  const [, authority, rest = ""] = /^https?:\/\/([^/?#]+)([^]*)$/i.exec(target) ?? [];
  if (authority === undefined || !URL.canParse(`http://${authority}/`)) return target;
  return rest.startsWith("/") ? rest : `/${rest}`;
}

/** Timeout of a TLS handshake; Node's own limit is two minutes. */
const tlsHandshakeMs = 20_000;

/**
 * The HTTP server of an API, with TLS if there is a certificate. Even malformed requests are answered with a status
 * that clients know.
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
  // By default, Node answers 431 to long headers, 408 to slow clients and 417 to unknown expectations.
  server.on("clientError", (_error, socket) => {
    if (socket.writable) socket.end(badRequestAnswer);
    else socket.destroy();
  });
  server.on("checkExpectation", (request, response) => server.emit("request", request, response));
  return server;
}
