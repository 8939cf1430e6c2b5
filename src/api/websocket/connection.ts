import { randomUUID } from "node:crypto";
import type { Duplex } from "node:stream";
import type { RawData, WebSocket } from "ws";
import type { App } from "../../app-context.ts";
import type { Connection } from "../../accounts/connections.ts";
import { HanamiError } from "../../errors.ts";
import { writeErrorLog } from "../../logs/write-error-log.ts";
import { outageOf, outageTexts } from "../../server/outage.ts";
import { sortedJson } from "../../server/sorted-json.ts";
import { HandshakeError, shakeHands } from "./handshake.ts";
import type { SocketPeer, SocketSession } from "./target.ts";
import type { NamedTarget } from "./targets.ts";
import type { UnreadAnswers } from "./unread-answers.ts";

/** Close codes of RFC 6455. */
const closeCode = { goingAway: 1001, policyViolation: 1008, tooBig: 1009, internalError: 1011 } as const;

/** The reason must fit into one control frame. */
const reasonBytesMax = 123;

/** Above this amount of unread answers, the client's next message has to wait. */
const unsentBytesMax = 8 * 1024 * 1024;

/** A socket without an initial message is closed after this time. */
const handshakeTimeoutMs = 120_000;

/** A message is buffered completely before it is handled; this caps the buffer of unauthenticated clients. */
const unknownBytesMax = 128 * 1024;
/** Extra bytes that may arrive together with a message: its header, and the end of the previous one. */
const sparePieceBytes = 128 * 1024;
/** Header of a client's ping or pong. */
const controlHeaderBytes = 6;

function toBytes(data: RawData): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data;
}

/**
 * One websocket from its first message to its end. Messages are handled strictly one after another; meanwhile the
 * socket is not read (backpressure), so data that a client sends ahead stays in its send buffer, not in our memory.
 */
export class SocketConnection {
  readonly #app: App;
  readonly #targets: ReadonlyMap<string, NamedTarget>;
  readonly #unread: UnreadAnswers;
  readonly #socket: WebSocket;
  readonly #stream: Duplex;
  /** Sent to the client in the answer to the handshake. */
  readonly #id = randomUUID();
  readonly #waiting: Uint8Array[] = [];
  #messages = 0;
  readonly #handshakeTimer: NodeJS.Timeout;
  #session: SocketSession | undefined;
  #registration: Connection | undefined;
  #userId = "";
  #isClosed = false;
  /** The server has closed the socket. */
  #isRefused = false;
  #work: Promise<void> | undefined;
  #sent: Promise<void> = Promise.resolve();
  /** Bytes received since the last message. */
  #messageBytes = 0;
  readonly #closed: Promise<void>;

  readonly #peer: SocketPeer = {
    send: (bytes) => this.#send(bytes),
    close: (code, reason) => this.#close(code, reason),
    hasRoom: () => this.#isClosed || this.#unread.hasRoom(this.#userUuid),
    room: () => Promise.race([this.#unread.room(this.#userUuid), this.#closed]),
  };

  /** `stream` delivers the websocket's bytes; `unread` is shared by all connections. */
  constructor(
    app: App,
    { targets, unread }: { targets: ReadonlyMap<string, NamedTarget>; unread: UnreadAnswers },
    socket: WebSocket,
    stream: Duplex,
  ) {
    // All log entries of this client carry the connection's id.
    this.#app = { ...app, log: app.log.child({ connectionId: this.#id }) };
    this.#targets = targets;
    this.#unread = unread;
    this.#socket = socket;
    this.#stream = stream;
    this.#handshakeTimer = setTimeout(
      () => this.#close(closeCode.policyViolation, "no initial message"),
      handshakeTimeoutMs,
    );
    socket.on("message", (data) => this.#receive(toBytes(data)));
    for (const control of ["ping", "pong"] as const) socket.on(control, (data) => this.#forgetControl(data));
    stream.on("data", this.#countBytes);
    // Protocol errors, too big messages, lost connections: "close" follows in each case.
    socket.on("error", (error) => this.#app.log.debug({ err: error }, "websocket"));
    this.#closed = new Promise((resolve) => {
      socket.on("close", () => {
        this.#onClose();
        resolve();
      });
    });
  }

  /** Call it when the server stops. Resolves when the client is gone and the message in progress is done. */
  async shutDown(): Promise<void> {
    this.#close(closeCode.goingAway, "the server stops");
    await this.#closed;
    await this.#work;
  }

  /** Stops waiting for the client's answer to the close frame. */
  terminate(): void {
    this.#socket.terminate();
  }

  readonly #countBytes = (bytes: Uint8Array): void => {
    this.#messageBytes += bytes.length;
    if (this.#registration === undefined) {
      if (this.#messageBytes <= unknownBytesMax) return;
      this.#socket.close(closeCode.tooBig, `more than ${unknownBytesMax} bytes before the initial message`);
    } else {
      if (this.#messageBytes <= (this.#session?.bytesMax ?? Infinity) + sparePieceBytes) return;
      this.#session?.tooLong?.();
    }
    // Everything that the client still sends is dropped.
    this.#stream.removeAllListeners("data").resume();
    this.#stream.end();
  };

  /** Pings and pongs of a known client do not count. */
  #forgetControl(data: Buffer): void {
    if (this.#registration !== undefined) this.#messageBytes -= data.length + controlHeaderBytes;
  }

  #send(bytes: Uint8Array): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    const taken = this.#unread.add(this.#userUuid, bytes.length);
    // "close" follows an error.
    this.#sent = new Promise((resolve) =>
      this.#socket.send(bytes, { binary: true }, () => {
        taken();
        resolve();
      }),
    );
  }

  #close(code: number, reason: string): void {
    // The reason may quote a client's text of several megabytes.
    let text = reason.slice(0, reasonBytesMax);
    while (Buffer.byteLength(text) > reasonBytesMax) text = text.slice(0, -1);
    this.#isRefused = true;
    this.#socket.close(code, text);
    // A paused socket would never receive the client's close frame.
    this.#socket.resume();
  }

  #receive(bytes: Uint8Array): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    this.#messageBytes = 0;
    this.#waiting.push(bytes);
    this.#work ??= this.#workOff();
  }

  async #workOff(): Promise<void> {
    this.#socket.pause();
    for (let bytes = this.#waiting.shift(); bytes !== undefined; bytes = this.#waiting.shift()) {
      // Messages sent before the client learned of a refusal must not be taken for the rest of another exchange.
      if (this.#isClosed || this.#isRefused) break;
      this.#messages += 1;
      const startMs = performance.now();
      try {
        await (this.#session === undefined ? this.#handshake(bytes) : this.#session.message(bytes));
      } catch (error) {
        await this.#fail(error);
      }
      this.#observe((performance.now() - startMs) / 1000);
      if (this.#socket.bufferedAmount > unsentBytesMax) await this.#sent;
    }
    this.#work = undefined;
    this.#socket.resume();
    if (this.#isClosed) await this.#endSession();
  }

  get #userUuid(): string {
    return this.#registration?.userUuid ?? "";
  }

  /** Identifies the message in progress. */
  get #requestId(): string {
    return `${this.#id}/${this.#messages}`;
  }

  #observe(seconds: number): void {
    const target = this.#registration?.target ?? "none";
    this.#app.metrics.messageSeconds.observe({ target }, seconds);
    const ms = Math.round(1000 * seconds);
    this.#app.log.debug({ requestId: this.#requestId, user: this.#userId, target, ms }, "message");
  }

  async #handshake(bytes: Uint8Array): Promise<void> {
    try {
      const { registration, session, confirm } = await shakeHands(this.#app, this.#targets, bytes, this.#peer);
      clearTimeout(this.#handshakeTimer);
      this.#userId = registration.userId;
      this.#session = session;
      this.#registration = registration;
      // The client may have disconnected meanwhile.
      if (this.#isClosed) this.#app.connections.remove(registration);
      // A revocation between the token check and the registration did not find this connection to end it.
      await confirm().catch(() => registration.end("the token is not valid any more"));
      this.#answer({ success: true, uuid: this.#id });
    } catch (error) {
      const isRefusal = error instanceof HandshakeError;
      if (!isRefusal) await this.#note(error, "handshake");
      const outage = outageOf(error);
      this.#answer({ success: false, error: isRefusal ? error.message : outage ? outageTexts[outage] : "" });
    }
  }

  #answer(message: object): void {
    this.#send(Buffer.from(sortedJson(message)));
  }

  async #fail(error: unknown): Promise<void> {
    if (error instanceof HanamiError) {
      this.#close(closeCode.policyViolation, error.message);
      return;
    }
    await this.#note(error, "message");
    this.#close(closeCode.internalError, "internal error");
  }

  #note(error: unknown, context: string): Promise<void> {
    return writeErrorLog(this.#app, {
      userId: this.#userId,
      component: "websocket",
      context: `${context}, request ${this.#requestId}`,
      values: new Map(),
      error,
    });
  }

  #onClose(): void {
    this.#isClosed = true;
    this.#waiting.length = 0;
    clearTimeout(this.#handshakeTimer);
    if (this.#registration !== undefined) this.#app.connections.remove(this.#registration);
    // A message in progress still needs the session, which ends after it.
    this.#work ??= this.#endSession();
  }

  async #endSession(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    try {
      await session?.close();
    } catch (error) {
      await this.#note(error, "close");
    }
  }
}
