import type { Context } from "../../app-context.ts";
import type { AnswerTaker } from "../../clusters/direct-io.ts";

/** The other end of a websocket, as a target sees it. */
export interface SocketPeer extends AnswerTaker {
  /** Sends one binary frame. */
  send(bytes: Uint8Array): void;
  close(code: number, reason: string): void;
}

/** What a socket talks to once the first message named it: a file that is being uploaded, or a cluster. */
export interface SocketTarget {
  /** Throws HanamiError with the wire text when there is nothing under this uuid for the caller. */
  open(context: Context, uuid: string, peer: SocketPeer): Promise<SocketSession>;
}

/** Messages arrive one at a time: the next one waits until `message` has resolved. */
export interface SocketSession {
  /** A message that is longer is not even collected; `tooLong` tells the client, and closes. */
  readonly bytesMax?: number;
  tooLong?(): void;
  message(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}
