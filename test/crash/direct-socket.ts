import { once } from "node:events";
import { WebSocket } from "ws";
import {
  clusterProcessType,
  decodeClusterIO,
  encodeClusterIO,
  targetBufferType,
} from "../../src/api/websocket/protobuf.ts";
import { oneHot, pixel } from "../support/compute.ts";
import type { RunningServer } from "../support/server-process.ts";

/**
 * A direct line to a cluster with strictly alternating questions and answers. Everything rejects once the server is
 * gone.
 */
export interface DirectSocket {
  /** Trains on row `row` of the generated pictures; resolves with the acknowledgement. */
  train(row: number): Promise<void>;
  /** The answer to row `row`, as hexadecimal digits. */
  ask(row: number): Promise<string>;
  close(): Promise<void>;
}

const numbers = (width: number, value: (column: number) => number) =>
  Float32Array.from({ length: width }, (_, i) => value(i));

export async function openDirect(server: RunningServer, cluster: string): Promise<DirectSocket> {
  const socket = new WebSocket(server.url.replace("http", "ws"));
  const closed = new Promise<never>((_, reject) => {
    socket.once("close", (code, reason) => reject(new Error(`the socket was closed: ${code} ${reason.toString()}`)));
  });
  closed.catch(() => {});
  // "close" follows.
  socket.on("error", () => {});
  await Promise.race([once(socket, "open"), closed]);
  const ask = async (message: string | Uint8Array): Promise<Buffer> => {
    const answer = once(socket, "message");
    answer.catch(() => {});
    socket.send(message);
    const [bytes] = (await Promise.race([answer, closed])) as [Buffer];
    return bytes;
  };
  const hello = JSON.parse(
    (await ask(JSON.stringify({ token: server.token, target: "cluster", uuid: cluster }))).toString(),
  ) as {
    success: boolean;
    error?: string;
  };
  if (!hello.success) throw new Error(hello.error);
  const send = async (fields: Parameters<typeof encodeClusterIO>[0]) => {
    const answer = decodeClusterIO(await ask(encodeClusterIO(fields)));
    if (answer === undefined) throw new Error("no answer of a cluster");
    return answer;
  };
  const picture = (row: number) => ({
    bufferName: "picture_hex",
    targetBufferType: targetBufferType.input,
    values: numbers(16, (column) => pixel(row, column)),
  });
  const { train, request } = clusterProcessType;
  return {
    async train(row) {
      await send({ ...picture(row), processType: train });
      const values = numbers(8, (column) => oneHot(row, column));
      const label = { bufferName: "label_hex", targetBufferType: targetBufferType.expected, values, isLast: true };
      const answer = await send({ ...label, processType: train });
      if (!answer.isLast) throw new Error("the cycle was not acknowledged");
    },
    async ask(row) {
      const { values } = await send({ ...picture(row), processType: request, isLast: true });
      return Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString("hex");
    },
    async close() {
      const end = once(socket, "close");
      socket.close();
      await end;
    },
  };
}
