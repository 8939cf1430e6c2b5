import { ConnectionError } from "./errors.ts";

/** A file that is being downloaded from the server. */
export interface Download {
  /** The server's name for it, such as `digits.csv`. */
  readonly fileName: string | undefined;
  /** Its size, if the server knows it in advance. */
  readonly bytes: number | undefined;
  /** Read it to its end, or cancel it. Fails when the connection breaks: the file is incomplete then. */
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
