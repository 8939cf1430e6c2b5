/** What a handler answers instead of an object when the body is not JSON, or is too big to be made in one piece. */
export class StreamAnswer {
  readonly mediaType: string;
  /** Made as fast as the client takes it; ended early when the client leaves. */
  readonly pieces: AsyncIterable<Uint8Array>;
  /** Size of the body in bytes, where it is known before. */
  readonly bytes: number | undefined;
  /** Name under which browsers save the body. */
  readonly fileName: string | undefined;

  constructor(
    mediaType: string,
    pieces: AsyncIterable<Uint8Array>,
    file: { bytes?: number | undefined; name?: string } = {},
  ) {
    this.mediaType = mediaType;
    this.pieces = pieces;
    this.bytes = file.bytes;
    this.fileName = file.name;
  }

  headers(): Record<string, string> {
    const headers: Record<string, string> = { "Content-Type": this.mediaType };
    if (this.bytes !== undefined) headers["Content-Length"] = String(this.bytes);
    if (this.fileName !== undefined) headers["Content-Disposition"] = `attachment; filename="${this.fileName}"`;
    return headers;
  }

  /**
   * The body. When the pieces fail half-way the connection breaks, which is the only way left to tell the client that
   * it did not get everything; `onFailure` learns why.
   */
  toStream(onFailure: (error: unknown) => void): ReadableStream<Uint8Array> {
    const iterator = this.pieces[Symbol.asyncIterator]();
    // Also when it has all that `Content-Length` announced, while the end of the pieces is still being waited for.
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
      // Nothing is made before somebody wants it.
      { highWaterMark: 0 },
    );
  }
}

/** Name of a file on the client's side. */
export function downloadName({ name, uuid }: { name: string; uuid: string }, extension: string): string {
  return `${name.replaceAll(/[^\w -]/g, "_") || uuid}.${extension}`;
}
