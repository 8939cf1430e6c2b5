import { BadRequestError, ConnectionError, NotFoundError, UnauthorizedError, type HanamiError } from "./errors.ts";
import { withoutSlash } from "./http.ts";
import type { Session } from "./session.ts";

/** The part of the standard WebSocket that the SDK uses. Browsers, Node 22 and the package `ws` provide it. */
export interface WebSocketLike {
  binaryType: string;
  send(data: string | Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: string, listener: (event: SocketEvent) => void): void;
}

export interface SocketEvent {
  /** For `message`. */
  readonly data?: unknown;
  /** For `close`. */
  readonly code?: number;
  readonly reason?: string;
  /** For `error`, except in browsers. */
  readonly message?: string;
}

export type WebSocketConstructor = new (url: string) => WebSocketLike;

/** The given class, that of the platform, or in Node 20 that of the package `ws`. */
async function resolveWebSocket(given: WebSocketConstructor | undefined): Promise<WebSocketConstructor> {
  if (given !== undefined) return given;
  const own = (globalThis as { WebSocket?: WebSocketConstructor }).WebSocket;
  return own ?? ((await import("ws")).WebSocket as unknown as WebSocketConstructor);
}

export interface SocketOptions {
  readonly address: string;
  readonly session: Session;
  readonly WebSocket: WebSocketConstructor | undefined;
  readonly target: "file_upload" | "cluster";
  /** Uuid of the uploaded file or of the cluster. */
  readonly uuid: string;
}

/** A websocket to one target of the server, as a sequence of binary messages. */
export class Socket {
  readonly #socket: WebSocketLike;
  readonly #arrived: Uint8Array[] = [];
  readonly #waiting: { resolve: (bytes: Uint8Array) => void; reject: (error: Error) => void }[] = [];
  #closed: ConnectionError | undefined;
  #problem = "";

  private constructor(socket: WebSocketLike) {
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    socket.addEventListener("message", ({ data }) => this.#take(toBytes(data)));
    socket.addEventListener("error", ({ message }) => {
      this.#problem = message ?? "";
    });
    socket.addEventListener("close", ({ code, reason }) => {
      const detail = reason || this.#problem || `code ${code}`;
      this.#closed = new ConnectionError(`The server closed the websocket: ${detail}`);
      for (const { reject } of this.#waiting.splice(0)) reject(this.#closed);
    });
  }

  /** Connects and sends the first message. Throws the server's refusal: no such target, or not allowed. */
  static open(options: SocketOptions): Promise<Socket> {
    const connect = (token: string) => Socket.#connect(options, token);
    return options.session.withToken(connect, (error) => error instanceof UnauthorizedError);
  }

  static async #connect({ address, WebSocket, target, uuid }: SocketOptions, token: string): Promise<Socket> {
    const Implementation = await resolveWebSocket(WebSocket);
    const url = new URL(`${withoutSlash(address)}/`);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const raw = new Implementation(url.href);
    const socket = new Socket(raw);
    await new Promise<void>((resolve, reject) => {
      raw.addEventListener("open", () => resolve());
      raw.addEventListener("close", () =>
        reject(new ConnectionError(`Cannot reach ${url.origin}: ${socket.#problem}`)),
      );
    });
    raw.send(JSON.stringify({ token, target, uuid }));
    const answer = JSON.parse(new TextDecoder().decode(await socket.receive())) as { success: boolean; error?: string };
    if (answer.success) return socket;
    socket.close();
    throw refusal(answer.error ?? "");
  }

  send(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#closed !== undefined) throw this.#closed;
    this.#socket.send(bytes);
  }

  /** The next message. Throws ConnectionError when the socket is closed and all messages have been received. */
  receive(): Promise<Uint8Array> {
    const next = this.#arrived.shift();
    if (next !== undefined) return Promise.resolve(next);
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  close(): void {
    this.#socket.close(1000);
  }

  #take(bytes: Uint8Array): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#arrived.push(bytes);
    else waiting.resolve(bytes);
  }
}

function toBytes(data: unknown): Uint8Array {
  return typeof data === "string" ? new TextEncoder().encode(data) : new Uint8Array(data as ArrayBuffer);
}

/** The error for a first message that was refused with this text. */
function refusal(text: string): HanamiError {
  if (text === "Token invalid") return new UnauthorizedError(text, 401);
  if (text.endsWith("not found")) return new NotFoundError(text, 404);
  return new BadRequestError(text || "The server refused the websocket.", 400);
}
