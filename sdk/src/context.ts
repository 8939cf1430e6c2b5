import type { Session } from "./session.ts";
import type { WebSocketConstructor } from "./socket.ts";

/** What a resource needs that opens websockets, too. */
export interface ClientContext {
  readonly address: string;
  readonly session: Session;
  readonly WebSocket: WebSocketConstructor | undefined;
}
