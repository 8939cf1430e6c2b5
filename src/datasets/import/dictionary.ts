import { toUSVString } from "node:util";
import { MAX_CATEGORIES, MAX_TRAILER_BYTES } from "../file/columns.ts";
import { ImportError } from "./import-job.ts";
import { excerpt, type ImportWarnings } from "./import-warnings.ts";

/** Room that the texts of all columns share, in UTF-16 code units; in the file they take a little more. */
export interface TextRoom {
  left: number;
}

export const textRoom = (): TextRoom => ({ left: Math.floor(0.9 * MAX_TRAILER_BYTES) });

const LEAVE_OUT = "leave out columns of free text or ids (drop)";

/** The texts of a column's categories; codes count them in the order in which they appear. */
export class Dictionary {
  readonly texts: string[] = [];
  readonly #codes = new Map<string, number>();
  readonly #column: string;
  readonly #room: TextRoom;

  constructor(column: string, room: TextRoom) {
    this.#column = column;
    this.#room = room;
  }

  /** The code of a trimmed text. Throws ImportError when there are too many texts, or it is none. */
  code(text: string): number {
    const known = this.#codes.get(text);
    return known ?? this.#add(text);
  }

  #add(text: string): number {
    const problem = textProblem(text);
    if (problem !== undefined) throw new ImportError(`'${excerpt(text)}' ${problem}`);
    this.#room.left -= Buffer.byteLength(text) + 4;
    if (this.texts.length === MAX_CATEGORIES) {
      throw new ImportError(`this is the text number ${MAX_CATEGORIES + 1}, and more are not possible; ${LEAVE_OUT}`);
    }
    if (this.#room.left < 0) throw new ImportError(`the texts of the columns are too long; ${LEAVE_OUT}`);
    // A copy, because a piece of a text keeps the whole text in memory.
    const copy = Buffer.from(text, "utf8").toString("utf8");
    this.#codes.set(copy, this.texts.length);
    return this.texts.push(copy) - 1;
  }

  /** Warns of texts that differ only in the case of their letters. */
  warn(warnings: ImportWarnings): void {
    const folded = new Map<string, string>();
    let count = 0;
    let first = "";
    for (const text of this.texts) {
      const key = text.toLowerCase();
      const other = folded.get(key);
      if (other === undefined) folded.set(key, text);
      else if (count++ === 0) first = `'${excerpt(other)}' and '${excerpt(text)}'`;
    }
    if (count === 0) return;
    const what = count === 1 ? "two categories differ" : `${count + 1} categories differ from others`;
    warnings.add(`column '${excerpt(this.#column)}': ${what} only in the case of letters, such as ${first}`);
  }
}

/** Why a text cannot be stored and shown. Line breaks and tabs can. */
function textProblem(text: string): string | undefined {
  if (text.includes("\0")) return "holds the control character U+0000";
  if (text.includes("\uFFFD")) {
    return "is not UTF-8 or holds U+FFFD; say encoding=latin1 (--encoding latin1) for text of old Windows programs";
  }
  return toUSVString(text) === text ? undefined : "holds half of a surrogate pair";
}
