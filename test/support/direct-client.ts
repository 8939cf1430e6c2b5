import { once } from "node:events";
import { onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { encodeClusterIO } from "../../src/api/websocket/protobuf.ts";

/** A direct IO client that awaits its answers one by one. */
export type DirectClient = Awaited<ReturnType<typeof connectDirect>>;

/** Opens a websocket to a cluster; it ends with the test. */
export async function connectDirect(url: string, { token, uuid }: { token: string; uuid: string }) {
  const socket = new WebSocket(url.replace("http", "ws"));
  onTestFinished(() => socket.terminate());
  const arrived: Buffer[] = [];
  let wake = () => {};
  socket.on("message", (data) => {
    arrived.push(data as Buffer);
    wake();
  });
  const closed = once(socket, "close").then(([code, reason]) => ({ code: code as number, reason: String(reason) }));
  await once(socket, "open");
  const next = async () => {
    while (arrived.length === 0) await new Promise<void>((resolve) => (wake = resolve));
    return arrived.shift() as Buffer;
  };
  socket.send(JSON.stringify({ token, target: "cluster", uuid }));
  const hello = JSON.parse((await next()).toString()) as { success: boolean; error?: string };
  const send = (fields: Parameters<typeof encodeClusterIO>[0]) => socket.send(encodeClusterIO(fields));
  const ask = async (fields: Parameters<typeof encodeClusterIO>[0]) => {
    send(fields);
    return next();
  };
  return { socket, hello, closed, arrived, next, send, ask };
}
