import type { ColumnKind } from "../../encoders/cells.ts";
import type { ColumnReading } from "../column-statistics.ts";
import { parseTime, timeText } from "../iso-time.ts";
import {
  changeOfCell,
  kindOfText,
  plainNumber,
  percentText,
  truth,
  type DecimalMark,
  type ReadKind,
} from "./csv-cell.ts";
import { shortNumber } from "./csv-number.ts";
import { TRUTHS } from "../truths.ts";
import { Dictionary, type TextRoom } from "./dictionary.ts";
import { ImportError } from "./import-job.ts";
import { excerpt, type ImportWarnings } from "./import-warnings.ts";

/** What all cells of a column so far allow. */
export interface ColumnGuess {
  /** Undefined before the first cell that is not missing. */
  kind: ReadKind | undefined;
  /** The first cell that ended a guess, if one did: the cells before it are of that kind, the column is a category. */
  ended?: { kind: ReadKind; text: string; row: number };
}

/** What all columns of a table share. */
export interface ColumnSettings {
  isExact: boolean;
  decimal: DecimalMark;
  isMissing: (text: string) => boolean;
  /** Whether some mark of missing cells is a number. */
  areNumbersMissing: boolean;
  warnings: ImportWarnings;
  room: TextRoom;
}

/** Names in refusals. */
const NO_SUCH = {
  number: "is not a number",
  percent: "is not a number",
  time: "is not a date or time (ISO 8601)",
  "zoned time": "is not a date or time (ISO 8601)",
  category: "",
} satisfies Record<ReadKind, string>;

export const kindOfReading = (kind: ReadKind | undefined): ColumnKind =>
  kind === "category" ? "category" : kind === "time" || kind === "zoned time" ? "time" : "number";

/** Narrows a guess by the text of one more cell, which is not missing. Returns whether it still holds. */
export function narrowGuess(guess: ColumnGuess, text: string, row: number, decimal: DecimalMark): boolean {
  const { kind } = guess;
  if (kind === "category") return true;
  const found = kindOfText(text, decimal);
  if (kind === undefined) guess.kind = found;
  if (kind === undefined || kind === found) return true;
  guess.kind = "category";
  guess.ended = { kind, text: excerpt(text), row };
  return false;
}

/** Reads the cells of one column of a CSV file as values. */
export class CsvColumn {
  readonly name: string;
  readonly guess: ColumnGuess;
  readonly kind: ReadKind;
  missing = 0;
  /** Whether the first whole number that a 32-bit float changes has been reported. */
  knowsRounded = false;
  readonly #settings: ColumnSettings;
  /** What the client says. */
  readonly #declared: ColumnKind | undefined;
  readonly #dictionary: Dictionary | undefined;
  #truths = 0;
  #origin: number | undefined;

  constructor(name: string, guess: ColumnGuess, declared: ColumnKind | undefined, settings: ColumnSettings) {
    this.name = name;
    this.guess = guess;
    const isFit = guess.kind !== undefined && (declared ?? kindOfReading(guess.kind)) === kindOfReading(guess.kind);
    this.kind = isFit && guess.kind !== undefined ? guess.kind : (declared ?? "number");
    this.#settings = settings;
    this.#declared = declared;
    if (this.kind === "category") this.#dictionary = new Dictionary(name, settings.room);
  }

  /** Whether a plain number may mean something else here. */
  get needsText(): boolean {
    return this.kind !== "number" || this.guess.kind === undefined || this.#settings.areNumbersMissing;
  }

  /** Narrows the guess, as for a cell that is not kept. */
  survey(text: string, row: number): void {
    const { isMissing, decimal } = this.#settings;
    if (this.guess.kind !== "category" && !isMissing(text)) narrowGuess(this.guess, text, row, decimal);
  }

  /**
   * The value of a trimmed cell: NaN when it is missing, undefined when the guess does not hold. Throws ImportError
   * without the place.
   */
  read(text: string, row: number): number | undefined {
    const { isMissing, warnings } = this.#settings;
    if (isMissing(text)) {
      this.missing++;
      warnings.count("missing", this.name, { row });
      return Number.NaN;
    }
    const value = this.#value(text, row);
    if (value !== undefined) {
      this.guess.kind ??= this.kind;
      return value;
    }
    this.survey(text, row);
    if (this.#declared !== undefined && kindOfReading(this.guess.kind) !== this.#declared) throw this.#refusal(text);
    return undefined;
  }

  /** Counts cells that are missing in rows of nothing but delimiters. */
  addMissing(count: number, row: number): void {
    this.missing += count;
    this.#settings.warnings.count("missing", this.name, { row, count });
  }

  #value(text: string, row: number): number | undefined {
    switch (this.kind) {
      case "category":
        return this.#code(text);
      case "number":
      case "percent":
        return this.#number(text, row);
      case "time":
      case "zoned time":
        return this.#time(text, row);
    }
  }

  #code(text: string): number {
    try {
      return this.#dictionary?.code(text) ?? Number.NaN;
    } catch (error) {
      const { ended } = this.guess;
      if (!(error instanceof ImportError) || ended === undefined) throw error;
      throw new ImportError(
        `${error.message}; it would be a ${ended.kind} but for '${ended.text}' in row ${ended.row}`,
      );
    }
  }

  #number(text: string, row: number): number | undefined {
    const { decimal, warnings } = this.#settings;
    if (this.kind === "number" && decimal === ".") {
      // At most 17 digits: none of these values becomes 0.
      const short = shortNumber(text);
      if (!Number.isNaN(short)) return Math.fround(short);
    }
    const plain = this.kind === "percent" ? percentText(text, decimal) : plainNumber(text, decimal);
    if (plain === undefined) {
      const isTrue = this.kind === "number" ? truth(text) : undefined;
      if (isTrue !== undefined) this.#truths++;
      else if (kindOfText(text, decimal) === "number" && this.kind === "number") throw this.#refusal(text);
      return isTrue === undefined ? undefined : Number(isTrue);
    }
    const value = Number(plain);
    const narrowed = Math.fround(value);
    if (!Number.isFinite(narrowed)) throw new ImportError(`'${excerpt(text)}' is too big for a 32-bit float`);
    if (narrowed !== value || value === 0 || Math.abs(value) >= 2 ** 53) {
      const change = changeOfCell(plain, value, narrowed);
      if (change !== undefined && this.#settings.isExact) {
        throw new ImportError(`${excerpt(text)} becomes ${narrowed} as a 32-bit float`);
      }
      if (change !== undefined) warnings.count(change, this.name, { row, value: text, became: narrowed });
      if (change === "rounded") this.knowsRounded = true;
    }
    if (plain !== text && this.kind === "number") {
      const isGrouped = text.includes(decimal === "." ? "," : ".");
      if (isGrouped) warnings.count("grouped", this.name, { row, value: text, became: narrowed });
    }
    return narrowed;
  }

  #time(text: string, row: number): number | undefined {
    const time = parseTime(text);
    if (time === undefined || time.hasZone !== (this.kind === "zoned time")) return undefined;
    this.#origin ??= time.seconds;
    const value = time.seconds - this.#origin;
    const narrowed = Math.fround(value);
    if (Math.abs(narrowed - value) > 1) {
      const became = timeText(this.#origin + narrowed, false);
      if (this.#settings.isExact) throw new ImportError(`${text} becomes ${became} as a 32-bit float`);
      this.#settings.warnings.count("moved", this.name, { row, value: text, became });
    }
    return narrowed;
  }

  #refusal(text: string): ImportError {
    return new ImportError(`'${excerpt(text)}' ${NO_SUCH[this.#declared ?? this.kind]}`);
  }

  /** The kind and what it needs, after all `rows` are read; warns of what was guessed. */
  finish(rows: number): ColumnReading {
    const { warnings } = this.#settings;
    const { missing, kind, guess } = this;
    const declared = this.#declared;
    const values = rows - missing;
    const say = (what: string) => warnings.add(`column '${excerpt(this.name)}'${what}`);
    if (values === 0) say(" has no value");
    if (kind === "percent") say(": percent signs are left out, so that 5% is 5");
    this.#dictionary?.warn(warnings);
    if (guess.ended !== undefined && declared === undefined) {
      const { text, row, kind: before } = guess.ended;
      say(` is a category because of '${text}' in row ${row}; before, every cell is a ${before}`);
    }
    if (this.#truths > 0 && this.#truths === values && declared === undefined) {
      return { kind: "category", origin: 0, categories: TRUTHS, missing };
    }
    if (this.#truths > 0) {
      const cells = this.#truths === 1 ? "1 cell is" : `${this.#truths} cells are`;
      say(`: ${cells} true or false among numbers and counted as 1 or 0`);
    }
    return {
      kind: kindOfReading(kind),
      origin: this.#origin ?? 0,
      categories: this.#dictionary?.texts ?? [],
      missing,
    };
  }
}
