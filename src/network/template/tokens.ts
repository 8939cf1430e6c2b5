import { TemplateError } from "./template-error.ts";

export interface Token {
  type: "word" | "integer" | "decimal" | "symbol" | "end";
  text: string;
  /** Index of its first character in the template. */
  start: number;
}

/**
 * Reads tokens one by one, so that the first error in reading order is reported. Scans character by character, because
 * templates are parsed on the server's main thread and regular expressions take several times as long.
 */
export class TokenReader {
  readonly #text: string;
  /** Index of the first NUL, or -1. No database stores NUL, so it is refused even in comments. */
  readonly #nul: number;
  #position = 0;
  #next: Token | undefined;

  constructor(text: string) {
    this.#text = text;
    this.#nul = text.indexOf("\0");
  }

  /** Returns the next token without consuming it. Throws TemplateError if the text there is not a token. */
  peek(): Token {
    this.#next ??= this.#read();
    return this.#next;
  }

  /** Consumes the next token. */
  take(): Token {
    const token = this.peek();
    this.#next = undefined;
    return token;
  }

  /** Creates the error for a token. */
  error(message: string, { text, start }: Pick<Token, "text" | "start">): TemplateError {
    const before = this.#text.slice(0, start);
    const line = before.split("\n").length;
    return new TemplateError(message, { line, column: start - before.lastIndexOf("\n"), text });
  }

  #read(): Token {
    const text = this.#text;
    const start = skipBlanks(text, this.#position);
    if (this.#nul >= 0 && this.#nul < start) throw this.error("invalid character", { start: this.#nul, text: "\0" });
    const [type, end] = tokenAt(text, start);
    if (type === undefined) {
      throw this.error("invalid character", { start, text: String.fromCodePoint(text.codePointAt(start) ?? 0) });
    }
    this.#position = end;
    return { type, text: text.slice(start, end), start };
  }
}

/** Type and end of the token at `start`. Words may begin with digits, so an integer must not be followed by letters. */
function tokenAt(text: string, start: number): [Token["type"] | undefined, number] {
  if (start >= text.length) return ["end", start];
  const first = text[start] as string;
  const digits = first === "-" ? start + 1 : start;
  const end = endOfDigits(text, digits);
  if (end > digits) {
    const decimals = text[end] === "." ? endOfDigits(text, end + 1) : end;
    if (decimals > end + 1) return ["decimal", decimals];
    if (!isWordAt(text, end)) return ["integer", end];
  }
  if (isWordAt(text, start)) return ["word", endOfWord(text, start)];
  if (first === "-" && text[start + 1] === ">") return ["symbol", start + 2];
  return ":,()".includes(first) ? ["symbol", start + 1] : [undefined, start];
}

const HASH = 35;

/** The index after blanks and comments. */
function skipBlanks(text: string, from: number): number {
  let at = from;
  for (; at < text.length; at++) {
    if (text.charCodeAt(at) === HASH) {
      const end = text.indexOf("\n", at);
      if (end < 0) return text.length;
      at = end;
    } else if (!isBlankAt(text, at)) return at;
  }
  return at;
}

function endOfDigits(text: string, from: number): number {
  let at = from;
  while (isDigit(text.charCodeAt(at))) at++;
  return at;
}

function endOfWord(text: string, from: number): number {
  let at = from;
  while (isWordAt(text, at)) at++;
  return at;
}

const isDigit = (code: number) => code >= 48 && code <= 57;

function isWordAt(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || isDigit(code) || code === 95;
}

/** Whether the character matches `\s`. */
function isBlankAt(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code < 128 ? code === 32 || (code >= 9 && code <= 13) : /\s/.test(text[at] as string);
}
