/** The result of a handler whose body is not JSON, or too big to be built at once. */
export class StreamAnswer {
  readonly mediaType: string;
  /** Produced at the client's pace; the iteration ends early when the client disconnects. */
  readonly pieces: AsyncIterable<Uint8Array>;
  /** Size of the body in bytes, if known in advance. */
  readonly bytes: number | undefined;
  /** Name under which browsers save the body. */
  readonly fileName: string | undefined;
  /** The body has no end, and each piece must reach the client at once, also through proxies. */
  readonly isLive: boolean;

  constructor(
    mediaType: string,
    pieces: AsyncIterable<Uint8Array>,
    file: { bytes?: number | undefined; name?: string; isLive?: boolean } = {},
  ) {
    this.mediaType = mediaType;
    this.pieces = pieces;
    this.bytes = file.bytes;
    this.fileName = file.name;
    this.isLive = file.isLive ?? false;
  }

  headers(): Record<string, string> {
    const headers: Record<string, string> = { "Content-Type": this.mediaType };
    if (this.bytes !== undefined) headers["Content-Length"] = String(this.bytes);
    if (this.fileName !== undefined) headers["Content-Disposition"] = `attachment; filename="${this.fileName}"`;
    if (this.isLive) headers["X-Accel-Buffering"] = "no";
    return headers;
  }

  /**
   * The body. When the pieces fail midway, the connection is broken, because nothing else can tell the client that the
   * body is incomplete; `onFailure` gets the error.
   */
  toStream(onFailure: (error: unknown) => void): ReadableStream<Uint8Array> {
    const iterator = this.pieces[Symbol.asyncIterator]();
    // Also true when the client has the announced `Content-Length` but the end of the pieces is still pending.
    let hasLeft = false;
    return new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          try {
            const { done, value } = await iterator.next();
            if (hasLeft) return;
            if (done === true) controller.close();
            else controller.enqueue(value);
          } catch (error) {
            onFailure(error);
            controller.error(error);
          }
        },
        async cancel() {
          hasLeft = true;
          await iterator.return?.();
        },
      },
      // Produces nothing in advance.
      { highWaterMark: 0 },
    );
  }
}

/** File name for the client. */
export function downloadName({ name, uuid }: { name: string; uuid: string }, extension: string): string {
  return `${name.replaceAll(/[^\w -]/g, "_") || uuid}.${extension}`;
}
