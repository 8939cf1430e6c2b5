import type { Task } from "./resources/tasks.ts";

/** What a server posts to the `notify_url` of a task that has ended. */
export interface WebhookEvent {
  event: "task.ended";
  /** The same for every try: receivers drop what they have seen. */
  delivery: string;
  /** When the task ended. */
  timestamp_ms: number;
  task: Task;
}

export interface SignedWebhook {
  /** The body as it was received: not parsed, not formatted anew. */
  body: string | Uint8Array;
  /** Value of the header `Hanami-Signature`. */
  header: string;
  /** The server's `HANAMI_WEBHOOK_SECRET`. */
  secret: string;
  /** How far the clocks of sender and receiver may differ, the way included; default 300. */
  toleranceSeconds?: number;
}

/** Whether a server with this secret sent this body, within the tolerance. Otherwise ignore the request. */
export async function verifyWebhook({ body, header, secret, toleranceSeconds = 300 }: SignedWebhook): Promise<boolean> {
  const [, time, hex] = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/.exec(header) ?? [];
  if (time === undefined || hex === undefined) return false;
  // False for a tolerance that is no number, too.
  if (!(Math.abs(Date.now() / 1000 - Number(time)) <= toleranceSeconds)) return false;
  const encoder = new TextEncoder();
  const bytes = typeof body === "string" ? encoder.encode(body) : body;
  const prefix = encoder.encode(`${time}.`);
  const signed = new Uint8Array(prefix.length + bytes.length);
  signed.set(prefix);
  signed.set(bytes, prefix.length);
  const signature = Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", encoder.encode(secret), algorithm, false, ["verify"]);
  return crypto.subtle.verify("HMAC", key, signature, signed);
}
