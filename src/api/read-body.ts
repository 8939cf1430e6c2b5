import { badRequest, HanamiError } from "../errors.ts";

/** The body as text; undefined when it is not UTF-8. Throws bad_request when it becomes too big or is cut off. */
export async function readBody(request: Request, bytesMax: number): Promise<string | undefined> {
  const tooBig = () => badRequest(`Request body is bigger than ${bytesMax} bytes.`);
  if (Number(request.headers.get("content-length") ?? 0) > bytesMax) throw tooBig();
  if (request.body === null) return "";
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request.body) {
      bytes += chunk.byteLength;
      if (bytes > bytesMax) throw tooBig();
      chunks.push(chunk);
    }
  } catch (error) {
    // A client that hangs up is no internal error; otherwise any client could fill the error log.
    throw error instanceof HanamiError ? error : badRequest("The request broke off.");
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    return undefined;
  }
}
