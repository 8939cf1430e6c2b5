import type { Context } from "../../app-context.ts";
import type { AnswerTaker } from "../../clusters/direct-io.ts";

/** The other end of a websocket, as a target sees it. */
export interface SocketPeer extends AnswerTaker {
  /** Sends one binary frame. */
  send(bytes: Uint8Array): void;
  close(code: number, reason: string): void;
}

/** The target named in a socket's first message: a file that is being uploaded, or a cluster. */
export interface SocketTarget {
  /** Throws HanamiError with the wire text when no resource with this uuid is visible to the caller. */
  open(context: Context, uuid: string, peer: SocketPeer): Promise<SocketSession>;
}

/** Handles messages one at a time: the next one waits until `message` has resolved. */
export interface SocketSession {
  /** A longer message is not buffered; `tooLong` tells the client and closes the socket. */
  readonly bytesMax?: number;
  tooLong?(): void;
  message(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}
