import { badRequest } from "../errors.ts";

/** No legitimate request comes near: the biggest is a cluster template. Files travel over websockets. */
export const bodyBytesMax = 2 * 1024 * 1024;

const tooBig = () => badRequest(`Request body is bigger than ${bodyBytesMax} bytes.`);

/** The body as text; undefined when it is not UTF-8. Throws bad_request as soon as it is too big. */
export async function readBody(request: Request): Promise<string | undefined> {
  if (Number(request.headers.get("content-length") ?? 0) > bodyBytesMax) throw tooBig();
  if (request.body === null) return "";
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request.body) {
    bytes += chunk.byteLength;
    if (bytes > bodyBytesMax) throw tooBig();
    chunks.push(chunk);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    return undefined;
  }
}
