import { once } from "node:events";
import { WebSocket } from "ws";
import { encodeClusterIO } from "../../src/api/websocket/protobuf.ts";
import { label, picture } from "../harness/digits.ts";
import type { BenchServer } from "../harness/server.ts";
import { TEMPLATE } from "../harness/template.ts";

/** A websocket that is never read after the answer to its first message. */
async function openMute({ client, address }: BenchServer, target: string, uuid: string): Promise<WebSocket> {
  const { token } = await client.login();
  const socket = new WebSocket(address.replace("http", "ws"));
  await once(socket, "open");
  const answered = once(socket, "message");
  socket.send(JSON.stringify({ token, target, uuid }));
  await answered;
  socket.pause();
  return socket;
}

/** Opens clients of direct IO that request answers endlessly and never read one. Returns a function that ends them. */
export async function holdSockets(server: BenchServer, count: number): Promise<() => void> {
  const { uuid } = await server.client.clusters.create({ name: "slow", template: TEMPLATE, seed: 1 });
  const io = await server.client.clusters.directIO(uuid);
  await io.train({ in: picture(1) }, { out: label(1) });
  const message = encodeClusterIO({ bufferName: "in", isLast: true, values: picture(1) });
  const sockets = await Promise.all(Array.from({ length: count }, () => openMute(server, "cluster", uuid)));
  for (const socket of sockets) {
    const send = (): void => socket.send(message, (error) => error ?? setImmediate(send));
    send();
  }
  return () => {
    for (const socket of sockets) socket.terminate();
  };
}

/** Announces large uploads and then sends nothing. */
export async function holdUploads(server: BenchServer, count: number): Promise<() => void> {
  const sockets = await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const { uuid_input_file } = await server.client.datasets.announceCsv(`slow ${index}`, 1_000_000_000);
      return openMute(server, "file_upload", uuid_input_file);
    }),
  );
  return () => {
    for (const socket of sockets) socket.terminate();
  };
}
