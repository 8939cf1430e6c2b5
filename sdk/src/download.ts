import { ConnectionError } from "./errors.ts";

/** A file on its way from the server. */
export interface Download {
  /** What the server calls it, such as `digits.csv`. */
  readonly fileName: string | undefined;
  /** Its size, where the server knows it before. */
  readonly bytes: number | undefined;
  /** To be read to its end or cancelled. Fails when the connection breaks: what came until then is not the file. */
  readonly body: ReadableStream<Uint8Array>;
}

export function toDownload({ headers, body }: Response): Download {
  if (body === null) throw new ConnectionError("The server sent no file.");
  const length = headers.get("Content-Length");
  return {
    fileName: /filename="([^"]*)"/.exec(headers.get("Content-Disposition") ?? "")?.[1],
    bytes: length === null ? undefined : Number(length),
    body,
  };
}
