import { once } from "node:events";
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

interface Received {
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

/** An HTTP server that keeps what it is sent, and answers as a test wants. */
export class Receiver {
  readonly received: Received[] = [];
  /** Called with each request; status 200 by default. */
  answer: (response: ServerResponse, received: Received) => void = (response) => response.end();
  url = "";
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => void this.#take(request, response));
  }

  static async open(): Promise<Receiver> {
    const receiver = new Receiver();
    await once(receiver.#server.listen(0, "127.0.0.1"), "listening");
    receiver.url = `http://127.0.0.1:${(receiver.#server.address() as AddressInfo).port}`;
    return receiver;
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const received = { path: request.url ?? "", headers: request.headers, body: await text(request) };
    this.received.push(received);
    this.answer(response, received);
  }

  async close(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}
