import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { once } from "node:events";

/** Splits a stream into messages. They begin with type and length; only a client's first message has no type. */
class Messages {
  #bytes: Buffer<ArrayBuffer> = Buffer.alloc(0);
  #hasType: boolean;

  constructor(hasType: boolean) {
    this.#hasType = hasType;
  }

  *add(bytes: Buffer): Generator<Buffer> {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    for (;;) {
      const start = this.#hasType ? 1 : 0;
      if (this.#bytes.length < start + 4) return;
      const end = start + this.#bytes.readInt32BE(start);
      if (this.#bytes.length < end) return;
      const message = this.#bytes.subarray(0, end);
      this.#bytes = this.#bytes.subarray(end);
      this.#hasType = true;
      yield message;
    }
  }
}

const typeOf = (message: Buffer) => String.fromCharCode(message[0] as number);

/** A connection to the server, which admits us without a passphrase. */
class Backend {
  readonly socket: Socket;
  /** Its answers to the connecting client, replayed to all later ones. */
  readonly greeting: Buffer[] = [];
  take: (message: Buffer) => void = (message) => this.greeting.push(message);

  private constructor(socket: Socket) {
    this.socket = socket;
    const messages = new Messages(true);
    socket.on("data", (bytes: Buffer) => {
      for (const message of messages.add(bytes)) this.take(message);
    });
    socket.on("error", () => {});
  }

  static async open(port: number, startup: Buffer): Promise<Backend> {
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    const backend = new Backend(socket);
    const ready = new Promise<void>((resolve) => {
      backend.take = (message) => {
        backend.greeting.push(message);
        if (typeOf(message) === "Z") resolve();
      };
    });
    socket.write(startup);
    await ready;
    return backend;
  }
}

/**
 * Behaves like PgBouncer in its mode `transaction`: a client holds a server connection from its first message to the
 * end of its transaction, and then the next one gets it. `order` chooses among the free ones. Clients need
 * `sslmode=disable`, and the server has to trust them.
 */
export async function startPooler(
  port: number,
  { size, order }: { size: number; order: "newest" | "oldest" },
): Promise<{ port: number; close: () => Promise<void> }> {
  const sockets = new Set<Socket>();
  const free: Backend[] = [];
  const waiting: ((backend: Backend) => void)[] = [];
  let opened = 0;
  const acquire = async (startup: Buffer): Promise<Backend> => {
    const ready = order === "newest" ? free.pop() : free.shift();
    if (ready !== undefined) return ready;
    if (opened < size) {
      opened += 1;
      return Backend.open(port, startup);
    }
    return new Promise((resolve) => waiting.push(resolve));
  };
  const release = (backend: Backend) => {
    const next = waiting.shift();
    if (next === undefined) free.push(backend);
    else next(backend);
  };

  const serve = async (client: Socket) => {
    sockets.add(client);
    client.on("error", () => {});
    const messages = new Messages(false);
    let startup: Buffer | undefined;
    let backend: Backend | undefined;
    const forward = async (message: Buffer) => {
      if (startup === undefined) {
        startup = Buffer.from(message);
        const first = await acquire(startup);
        client.write(Buffer.concat(first.greeting));
        return release(first);
      }
      if (typeOf(message) === "X") return void client.end();
      if (backend === undefined) {
        const own = await acquire(startup);
        backend = own;
        own.take = (answer) => {
          client.write(answer);
          const isOver = typeOf(answer) === "Z" && answer[5] === "I".charCodeAt(0);
          if (!isOver) return;
          backend = undefined;
          release(own);
        };
      }
      backend.socket.write(message);
    };
    let work = Promise.resolve();
    client.on("data", (bytes: Buffer) => {
      const copies = [...messages.add(bytes)].map((message) => Buffer.from(message));
      for (const message of copies) work = work.then(() => forward(message));
    });
  };
  const server: Server = createServer((client) => void serve(client)).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      for (const socket of sockets) socket.destroy();
      for (const backend of free) backend.socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
