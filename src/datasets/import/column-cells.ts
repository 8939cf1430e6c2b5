import type { ColumnKind } from "../../encoders/cells.ts";
import type { ColumnReading } from "../column-statistics.ts";
import { timeText } from "../iso-time.ts";
import { TRUTHS } from "../truths.ts";
import { Dictionary, type TextRoom } from "./dictionary.ts";
import { ImportError } from "./import-job.ts";
import { excerpt, type ImportWarnings } from "./import-warnings.ts";
import { changeBy32Bits } from "./narrow.ts";

/** What a value of a table of columns is. */
export type CellType = "number" | "truth" | "text" | "time";
/** Times are seconds from 1970 on. */
export type CellValue = number | bigint | boolean | string | null | undefined;

const KINDS = { number: "number", truth: "category", text: "category", time: "time" } as const;
/** Names in refusals. */
const NAMES = { number: "numbers", truth: "truth values", text: "texts", time: "times" } as const;

interface CellSettings {
  declared: ColumnKind | undefined;
  isExact: boolean;
  warnings: ImportWarnings;
  room: TextRoom;
}

/** How cells of a type are read when the client says the kind. Throws ImportError when they cannot be of that kind. */
function typeFor(name: string, type: CellType, declared: ColumnKind | undefined): CellType {
  if (declared === undefined || KINDS[type] === declared) return type;
  if (declared === "category") return "text";
  if (declared === "number" && type === "truth") return "number";
  throw new ImportError(`kinds: column '${name}' holds ${NAMES[type]}, which are no ${declared}`);
}

/** Reads the values of one column of a Parquet or Arrow table, which are all of one type. */
export class ColumnCells {
  readonly name: string;
  readonly type: CellType;
  missing = 0;
  readonly #source: CellType;
  readonly #settings: CellSettings;
  readonly #dictionary: Dictionary | undefined;
  #origin: number | undefined;

  constructor(name: string, source: CellType, settings: CellSettings) {
    this.name = name;
    this.type = typeFor(name, source, settings.declared);
    this.#source = source;
    this.#settings = settings;
    if (this.type === "text") this.#dictionary = new Dictionary(name, settings.room);
  }

  get kind(): ColumnKind {
    return KINDS[this.type];
  }

  /** The value of a cell in a row, counted from 1: NaN when it is missing. Throws ImportError without the place. */
  read(value: CellValue, row: number): number {
    const isMissing = value === null || value === undefined || Number.isNaN(value) || value === "";
    if (!isMissing) {
      if (this.type === "number" || this.type === "truth") return this.#number(Number(value), value, row);
      if (this.type === "time") return this.#time(Number(value), row);
      const text = this.#text(value);
      if (text !== "") return this.#dictionary?.code(text) ?? Number.NaN;
    }
    this.addMissing(row);
    return Number.NaN;
  }

  addMissing(row: number): void {
    this.missing++;
    this.#settings.warnings.count("missing", this.name, { row });
  }

  #text(value: Exclude<CellValue, null | undefined>): string {
    if (this.#source === "time") return timeText(Number(value), true);
    if (this.#source === "truth") return String(Boolean(value));
    return String(value).trim();
  }

  #number(number: number, value: CellValue, row: number): number {
    const narrowed = Math.fround(number);
    if (!Number.isFinite(narrowed)) throw new ImportError(`${number} is not a finite 32-bit float`);
    if (narrowed === value || typeof value === "boolean") return narrowed;
    const change = changeBy32Bits(value as number | bigint, narrowed);
    if (change === undefined) return narrowed;
    if (this.#settings.isExact) throw new ImportError(`${String(value)} becomes ${narrowed} as a 32-bit float`);
    this.#settings.warnings.count(change, this.name, { row, value: value as number | bigint, became: narrowed });
    return narrowed;
  }

  #time(seconds: number, row: number): number {
    this.#origin ??= seconds;
    const distance = seconds - this.#origin;
    const narrowed = Math.fround(distance);
    if (Math.abs(narrowed - distance) <= 1) return narrowed;
    const [text, became] = [timeText(seconds, false), timeText(this.#origin + narrowed, false)];
    if (this.#settings.isExact) throw new ImportError(`${text} becomes ${became} as a 32-bit float`);
    this.#settings.warnings.count("moved", this.name, { row, value: text, became });
    return narrowed;
  }

  /** The kind and what it needs, after all `rows` are read; warns of what was seen. */
  finish(rows: number): ColumnReading {
    if (this.missing === rows) this.#settings.warnings.add(`column '${excerpt(this.name)}' has no value`);
    this.#dictionary?.warn(this.#settings.warnings);
    const categories = this.type === "truth" ? TRUTHS : (this.#dictionary?.texts ?? []);
    return { kind: this.kind, origin: this.#origin ?? 0, categories, missing: this.missing };
  }
}
