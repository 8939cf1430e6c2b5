import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";

/**
 * Posts this JSON on a connection of its own, and resolves to the status of the answer: redirects are not followed, and
 * the body is not read. Rejects without an answer in time, and when `signal` aborts.
 */
export function postJson(
  url: URL,
  { body, headers }: { body: string; headers: Record<string, string> },
  { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
): Promise<number> {
  return new Promise((resolve, reject) => {
    const send = url.protocol === "https:" ? httpsRequest : httpRequest;
    const request = send(url, {
      method: "POST",
      agent: false,
      signal,
      headers: { ...headers, "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) },
    });
    const timer = setTimeout(() => request.destroy(new Error(`no answer in ${timeoutMs} ms`)), timeoutMs);
    request.on("response", ({ statusCode = 0 }) => {
      resolve(statusCode);
      request.destroy();
    });
    request.on("error", reject);
    request.on("close", () => {
      clearTimeout(timer);
      // Has no effect after an answer.
      reject(new Error("the connection was closed"));
    });
    request.end(body);
  });
}
