import { z } from "zod";
import { authenticate, authenticateAnew } from "../../accounts/authenticate.ts";
import { mayCall } from "../../accounts/policies.ts";
import type { App, Context } from "../../app-context.ts";
import { holderOf, type Connection } from "../../accounts/connections.ts";
import { HanamiError, notFound } from "../../errors.ts";
import type { SocketPeer, SocketSession } from "./target.ts";
import type { NamedTarget } from "./targets.ts";

/** Size limit of the first message, which hardly needs more than the bytes of a token. */
const bytesMax = 65_536;

/** Close code of RFC 6455. */
const policyViolation = 1008;

const firstMessage = z.object({ token: z.string(), target: z.string(), uuid: z.string() });

const uuidPattern = /^[a-fA-F0-9]{8}(-[a-fA-F0-9]{4}){3}-[a-fA-F0-9]{12}$/;

/** The handshake is refused; the message is the text for the client. */
export class HandshakeError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "HandshakeError";
  }
}

function parse(bytes: Uint8Array): z.output<typeof firstMessage> {
  if (bytes.byteLength > bytesMax) throw new HandshakeError(`json-parser error: more than ${bytesMax} bytes`);
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw new HandshakeError(`json-parser error: ${(error as Error).message}`);
  }
  const parsed = firstMessage.safeParse(json);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join(".") || "message"}: ${issue.message}`);
  throw new HandshakeError(problems.join("; "));
}

async function identify(app: App, token: string, ask = authenticate): Promise<Context> {
  try {
    return { app, caller: await ask(app, token) };
  } catch (error) {
    if (error instanceof HanamiError) throw new HandshakeError("Token invalid");
    throw error;
  }
}

/**
 * Opens the target that a socket's first message requests. Checks that the target is visible to the caller, but the
 * policies only for API keys. The socket is registered among the user's connections before `open`, so that
 * parallel handshakes cannot exceed the limit; the caller removes the registration in the end. `confirm` checks the
 * token again. Both throw HandshakeError with the contract's text.
 */
export async function shakeHands(
  app: App,
  targets: ReadonlyMap<string, NamedTarget>,
  bytes: Uint8Array,
  peer: SocketPeer,
): Promise<{ registration: Connection; session: SocketSession; confirm: () => Promise<unknown> }> {
  const { token, target: name, uuid } = parse(bytes);
  const context = await identify(app, token);
  const named = targets.get(name);
  if (named === undefined) throw new HandshakeError("");
  // Of tokens the contract checks no policy here.
  if (context.caller.key !== undefined && !mayCall(app.policies, context.caller, `websocket/${name}`, "GET")) {
    throw new HandshakeError("Access denied by policy");
  }
  const { socketsPerUser } = app.config.limits;
  const end = (reason: string) => peer.close(policyViolation, reason);
  const registration: Connection = { kind: "socket", ...holderOf(context.caller), target: name, end };
  if (!app.connections.add(registration, { user: socketsPerUser })) {
    app.metrics.refused("sockets");
    throw new HandshakeError(`More than ${socketsPerUser} open connections`);
  }
  try {
    if (!uuidPattern.test(uuid)) throw notFound(`${named.noun} with UUID '${uuid}' not found`);
    const session = await named.target.open(context, uuid, peer);
    return { registration, session, confirm: () => identify(app, token, authenticateAnew) };
  } catch (error) {
    app.connections.remove(registration);
    if (error instanceof HanamiError) throw new HandshakeError(error.message);
    throw error;
  }
}
