import { createHmac } from "node:crypto";

/** Value of the header `Hanami-Signature` for this body, sent at this time. */
export function sign(secret: string, body: string, seconds: number): string {
  const signature = createHmac("sha256", secret).update(`${seconds}.${body}`).digest("hex");
  return `t=${seconds},v1=${signature}`;
}
