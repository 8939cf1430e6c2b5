import { TemplateError } from "./template-error.ts";

export interface Token {
  type: "word" | "integer" | "decimal" | "symbol" | "end";
  text: string;
  /** 1-based. */
  line: number;
  /** 1-based. */
  column: number;
}

// Sticky: each pattern is tried exactly where the previous token ended. A word may start with digits ("2nd_input"),
// so a number is only a number when no further word character follows.
const BLANK = /(?:\s|#[^\n]*)+/y;
const PATTERNS: [Token["type"], RegExp][] = [
  ["decimal", /-?\d+\.\d+/y],
  ["integer", /-?\d+(?!\w)/y],
  ["word", /\w+/y],
  ["symbol", /->|[:,()]/y],
];

/** Reads tokens one by one, so that the first error in reading order is the one reported. */
export class TokenReader {
  readonly #text: string;
  #position = 0;
  #line = 1;
  #lineStart = 0;
  #next: Token | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  /** The coming token, not consumed. Throws `TemplateError` when there is something that is no token. */
  peek(): Token {
    this.#next ??= this.#read();
    return this.#next;
  }

  /** Consumes the coming token. */
  take(): Token {
    const token = this.peek();
    this.#next = undefined;
    return token;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#position;
    return pattern.exec(this.#text)?.[0];
  }

  #read(): Token {
    const blank = this.#match(BLANK) ?? "";
    for (let at = blank.indexOf("\n"); at >= 0; at = blank.indexOf("\n", at + 1)) {
      this.#line += 1;
      this.#lineStart = this.#position + at + 1;
    }
    this.#position += blank.length;
    const place = { line: this.#line, column: this.#position - this.#lineStart + 1 };
    if (this.#position >= this.#text.length) return { type: "end", text: "", ...place };
    for (const [type, pattern] of PATTERNS) {
      const text = this.#match(pattern);
      if (text === undefined) continue;
      this.#position += text.length;
      return { type, text, ...place };
    }
    const text = String.fromCodePoint(this.#text.codePointAt(this.#position) ?? 0);
    throw new TemplateError("invalid character", { ...place, text });
  }
}
