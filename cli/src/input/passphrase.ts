import { StringDecoder } from "node:string_decoder";
import { CliError, Interrupted } from "../errors.ts";

const CTRL_C = "\u0003";
const CTRL_D = "\u0004";
const CTRL_U = "\u0015";
const isErase = (key: string) => key === "\u007f" || key === "\b";
const isEnd = (key: string) => key === "\n" || key === "\r";

/** Applies keys to a line. `rest` is the input after the end of the line, undefined until it ends. */
function edit(line: string, keys: string): { line: string; rest: string | undefined } {
  const edited = Array.from(line);
  const input = Array.from(keys);
  for (const [index, key] of input.entries()) {
    if (isEnd(key)) return { line: edited.join(""), rest: input.slice(index + 1).join("") };
    if (key === CTRL_C) throw new Interrupted("SIGINT");
    if (key === CTRL_D) throw new CliError("Failed to read passphrase input");
    if (key === CTRL_U) edited.length = 0;
    else if (isErase(key)) edited.pop();
    else edited.push(key);
  }
  return { line: edited.join(""), rest: undefined };
}

/** Takes lines from a pipe unchanged. */
function cut(line: string, text: string): { line: string; rest: string | undefined } {
  const end = text.indexOf("\n");
  if (end < 0) return { line: line + text, rest: undefined };
  return { line: (line + text.slice(0, end)).replace(/\r$/, ""), rest: text.slice(end + 1) };
}

/** Reads lines from a terminal without echo, or from a pipe. */
class HiddenLines {
  readonly #chunks = process.stdin[Symbol.asyncIterator]();
  readonly #decoder = new StringDecoder("utf8");
  readonly #take = process.stdin.isTTY ? edit : cut;
  #pending = "";

  async ask(question: string): Promise<string> {
    process.stderr.write(question);
    try {
      let line = "";
      for (;;) {
        const taken = this.#take(line, this.#pending);
        this.#pending = taken.rest ?? "";
        line = taken.line;
        if (taken.rest !== undefined) return line;
        const { done, value } = (await this.#chunks.next()) as IteratorResult<Buffer, undefined>;
        if (done) throw new CliError("Failed to read passphrase input");
        this.#pending = this.#decoder.write(value);
      }
    } finally {
      // The line break was not echoed either.
      process.stderr.write("\n");
    }
  }
}

/** Asks twice for a new passphrase, without echo on a terminal. Reads two lines from a pipe. */
export async function askNewPassphrase(): Promise<string> {
  const { stdin } = process;
  if (stdin.isTTY) stdin.setRawMode(true);
  const lines = new HiddenLines();
  try {
    const first = await lines.ask("Enter Passphrase: ");
    const second = await lines.ask("Enter Passphrase again: ");
    if (first !== second) throw new CliError("Mismatch between the two entered passphrases");
    return first;
  } finally {
    if (stdin.isTTY) stdin.setRawMode(false);
    stdin.destroy();
  }
}
