import { once } from "node:events";
import { onTestFinished } from "vitest";
import { WebSocket } from "ws";

/** Protobuf by hand: a client that shares no code with the server. */
const varint = (value: number | bigint): number[] => {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return [...bytes, Number(rest)];
};
const tag = (field: number, wire: number) => varint(field * 8 + wire);
const chunk = (field: number, data: Uint8Array) =>
  Buffer.concat([Buffer.from([...tag(field, 2), ...varint(data.length)]), data]);

export const INPUT = 0;
export const EXPECTED = 2;
export const REQUEST = 0;
export const TRAIN = 1;

export interface IoFields {
  name: string;
  values: Float32Array;
  isLast: boolean;
  process: number;
  buffer: number;
  /** The encoding of the floats; parsers must accept both. */
  packed?: boolean;
  numberOfValues?: number | bigint;
}

/** A ClusterIO_Message. */
export function ioMessage({ name, values, isLast, process, buffer, packed = true, numberOfValues }: IoFields): Buffer {
  const parts = [
    chunk(1, Buffer.from(name)),
    Buffer.from([...tag(2, 0), isLast ? 1 : 0, ...tag(3, 0), ...varint(process), ...tag(4, 0), ...varint(buffer)]),
    Buffer.from([...tag(5, 0), ...varint(numberOfValues ?? values.length)]),
  ];
  const floats = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  if (packed) return Buffer.concat([...parts, chunk(6, floats)]);
  const single = Buffer.alloc(values.length * 5);
  for (let index = 0; index < values.length; index++) {
    single[index * 5] = 6 * 8 + 5;
    floats.copy(single, index * 5 + 1, index * 4, index * 4 + 4);
  }
  return Buffer.concat([...parts, single]);
}

/** A FileUpload_Message. */
export const uploadMessage = (position: number | bigint, data: Uint8Array) =>
  Buffer.concat([Buffer.from([...tag(1, 0), ...varint(position)]), chunk(2, data)]);

/** The packed floats of an output message: its last field. */
export function valuesOf(message: Buffer): number[] {
  let at = 0;
  const readVarint = () => {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = message[at++] as number;
      value += (byte & 127) * shift;
      if (byte < 128) return value;
    }
  };
  const values: number[] = [];
  while (at < message.length) {
    const key = readVarint();
    if (key % 8 === 0) {
      readVarint();
      continue;
    }
    const end = readVarint() + at;
    if (key >> 3 === 6) for (let next = at; next < end; next += 4) values.push(message.readFloatLE(next));
    at = end;
  }
  return values;
}

export type Reply = { data: Buffer; isBinary: boolean } | { closed: number; reason: string };

/** A websocket with strictly alternating questions and answers. */
export async function connectRaw(url: string) {
  const socket = new WebSocket(url.replace("http", "ws"));
  onTestFinished(() => socket.terminate());
  const arrived: Reply[] = [];
  let wake = () => {};
  const take = (reply: Reply) => {
    arrived.push(reply);
    wake();
  };
  socket.on("message", (data, isBinary) => take({ data: data as Buffer, isBinary }));
  socket.on("close", (closed, reason) => take({ closed, reason: String(reason) }));
  socket.on("error", () => {});
  await once(socket, "open");
  const next = async (): Promise<Reply> => {
    while (arrived.length === 0) await new Promise<void>((resolve) => (wake = resolve));
    return arrived.shift() as Reply;
  };
  const ask = async (message: string | Uint8Array): Promise<Reply> => {
    socket.send(message);
    return next();
  };
  return {
    socket,
    arrived,
    next,
    ask,
    /** The answer's bytes; fails if the socket was closed instead. */
    async answer(message: string | Uint8Array): Promise<Buffer> {
      const reply = await ask(message);
      if ("closed" in reply) throw new Error(`closed with ${reply.closed} ${reply.reason}`);
      return reply.data;
    },
    /** The first message, as both upstream clients send it: a text frame. */
    async hello(first: object): Promise<{ success: boolean; error?: string; uuid?: string }> {
      return JSON.parse((await this.answer(JSON.stringify(first))).toString());
    },
  };
}

export type RawClient = Awaited<ReturnType<typeof connectRaw>>;
