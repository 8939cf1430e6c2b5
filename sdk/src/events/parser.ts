/** A server-sent event, or only a position of the stream: then there is no data. */
export interface ParsedEvent {
  id: string;
  kind: string;
  data: string | undefined;
}

const LINE_END = /\r\n|\r|\n/g;

/** Reads the format of server-sent events from pieces that may be cut anywhere. */
export class EventParser {
  readonly #decoder = new TextDecoder();
  /** The line that has no end yet. */
  #line = "";
  /** The last line ended with CR, to which an LF belongs. */
  #isAfterReturn = false;
  #id = "";
  #kind = "";
  #data: string[] = [];
  #hasId = false;

  /** The events that are complete with this piece. */
  push(piece: Uint8Array): ParsedEvent[] {
    let text = this.#decoder.decode(piece, { stream: true });
    if (text === "") return [];
    if (this.#isAfterReturn && text.startsWith("\n")) text = text.slice(1);
    this.#isAfterReturn = text === "" ? false : text.endsWith("\r");
    const events: ParsedEvent[] = [];
    let start = 0;
    for (const { index, 0: end } of text.matchAll(LINE_END)) {
      const event = this.#take(this.#line + text.slice(start, index));
      if (event !== undefined) events.push(event);
      this.#line = "";
      start = index + end.length;
    }
    this.#line += text.slice(start);
    return events;
  }

  #take(line: string): ParsedEvent | undefined {
    if (line === "") return this.#end();
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    // A comment has an empty name; other fields mean nothing to us.
    if (field === "data") this.#data.push(value);
    if (field === "event") this.#kind = value;
    if (field === "id" && !value.includes("\0")) [this.#id, this.#hasId] = [value, true];
    return undefined;
  }

  #end(): ParsedEvent | undefined {
    const data = this.#data.length === 0 ? undefined : this.#data.join("\n");
    const isNews = data !== undefined || this.#hasId;
    const event = { id: this.#id, kind: this.#kind || "message", data };
    this.#data = [];
    this.#kind = "";
    this.#hasId = false;
    return isNews ? event : undefined;
  }
}
