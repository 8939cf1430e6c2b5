import type { Server as HttpServer } from "node:http";
import { WebSocketServer } from "ws";
import type { App } from "../../app-context.ts";
import { SocketConnection } from "./connection.ts";
import { declineUpgrade, isWebSocketRequest } from "./decline-upgrade.ts";
import type { NamedTarget } from "./targets.ts";
import { UnreadAnswers } from "./unread-answers.ts";

/** How long clients may take to answer a close frame when the server stops. */
const closeTimeoutMs = 2000;

/** Idle time before TCP keep-alive probes detect a client that vanished. */
const keepAliveMs = 60_000;

/** Bytes that the clients of a user may leave unread before the next answer of direct IO waits. */
const unreadBytesMax = 64 * 1024 * 1024;

/** Accepts websockets on the server's port, on any path. */
export function attachWebSockets(app: App, server: HttpServer, targets: ReadonlyMap<string, NamedTarget>) {
  const { messageBytes } = app.config.limits;
  const sockets = new WebSocketServer({ noServer: true, maxPayload: messageBytes, perMessageDeflate: false });
  const connections = new Set<SocketConnection>();
  const shared = { targets, unread: new UnreadAnswers(unreadBytesMax) };

  server.on("upgrade", (request, socket, head) => {
    if (!isWebSocketRequest(request)) {
      declineUpgrade(server, request, socket, head);
      return;
    }
    socket.on("error", () => socket.destroy());
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      request.socket.setKeepAlive(true, keepAliveMs);
      const connection = new SocketConnection(app, shared, webSocket, socket);
      connections.add(connection);
      webSocket.once("close", () => connections.delete(connection));
    });
  });

  return {
    /** Tells all clients that the server stops, and lets messages in progress finish. */
    async close(): Promise<void> {
      const open = [...connections];
      const timer = setTimeout(() => {
        for (const connection of open) connection.terminate();
      }, closeTimeoutMs);
      await Promise.all(open.map((connection) => connection.shutDown()));
      clearTimeout(timer);
    },
  };
}
