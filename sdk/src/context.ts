import type { Session } from "./session.ts";
import type { WebSocketConstructor } from "./socket.ts";

/** What a resource needs to send requests and open websockets. */
export interface ClientContext {
  readonly address: string;
  readonly session: Session;
  readonly WebSocket: WebSocketConstructor | undefined;
}
