import { EncoderError } from "./encoder-error.ts";
import { numberChannels } from "./number-code.ts";
import { CATEGORIES_CODED_MAX, CATEGORY_TEXT_MAX, type FittedColumn, type TableEncoder } from "./table-encoder.ts";
import { CLASSES_MAX, CLASS_TEXT_MAX, type FittedTarget } from "./targets.ts";
import { OFFSETS_MAX } from "./offsets.ts";
import { TIME_PARTS } from "./time-parts.ts";

/** The encoders of a network, by the names of its inputs and outputs. */
export interface NetworkEncoders {
  inputs: Record<string, TableEncoder>;
  outputs: Record<string, FittedTarget>;
  /** Of plain inputs that need them, see `OffsetFit`: one per column. Absent when no input does. */
  offsets?: Record<string, number[]>;
}

/** Characters of the stored text, which is parsed within a tenth of a second: some fifty thousand columns. */
const TEXT_MAX = 16 * 1024 * 1024;
const COLUMNS_MAX = 100_000;
const COLUMN_NAME_MAX = 65_536;
const PORTS_MAX = 65_536;
const KNOTS_MAX = 64;

/** The encoders as a text, to be stored beside the network. */
export function encodersText(encoders: NetworkEncoders): string {
  const text = JSON.stringify(encoders);
  if (text.length > TEXT_MAX) throw tooLong();
  return text;
}

const tooLong = () => new EncoderError(`The encoders have more than ${TEXT_MAX} characters: use fewer columns.`);

/** Reads what `encodersText` wrote. The text may come from anybody: throws EncoderError with the reason. */
export function parseEncoders(text: string): NetworkEncoders {
  if (text.length > TEXT_MAX) throw tooLong();
  const { offsets, ...others } = object(json(text), "encoders");
  const { inputs, outputs } = fields(others, "encoders", ["inputs", "outputs"]);
  return {
    inputs: ports(inputs, "inputs", parseTable),
    outputs: ports(outputs, "outputs", parseTarget),
    ...(offsets === undefined ? {} : { offsets: ports(offsets, "offsets", parseOffsets) }),
  };
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new EncoderError("The encoders are not valid JSON.", { cause });
  }
}

/** Where in the text something stands, such as `inputs.row.columns[3]`. */
type Where = string;

function ports<T>(value: unknown, where: Where, parse: (value: unknown, where: Where) => T): Record<string, T> {
  const entries = Object.entries(object(value, where));
  if (entries.length > PORTS_MAX) throw new EncoderError(`${where} has more than ${PORTS_MAX} entries.`);
  return Object.fromEntries(entries.map(([name, each]) => [name, parse(each, `${where}.${name.slice(0, 50)}`)]));
}

function parseTable(value: unknown, where: Where): TableEncoder {
  const { columns } = fields(value, where, ["columns"]);
  const parsed = list(columns, `${where}.columns`, COLUMNS_MAX, parseColumn);
  checkUnique(
    parsed.map(({ name }) => name),
    `${where}.columns`,
  );
  return { columns: parsed };
}

function parseColumn(value: unknown, where: Where): FittedColumn {
  const { kind } = object(value, where);
  switch (kind) {
    case "number": {
      const { knots, ...rest } = fields(value, where, ["kind", "name", "missing", "knots"]);
      return { kind, ...nameAndMissing(rest, where), knots: parseKnots(knots, `${where}.knots`) };
    }
    case "category": {
      const found = fields(value, where, ["kind", "name", "missing", "categories", "rest"]);
      const categories = texts(found["categories"], `${where}.categories`, CATEGORIES_CODED_MAX, CATEGORY_TEXT_MAX);
      const rest = found["rest"];
      if (typeof rest !== "number" || !Number.isSafeInteger(rest) || rest < 0)
        throw new EncoderError(`${where}.rest is not a count.`);
      return { kind, ...nameAndMissing(found, where), categories, rest };
    }
    case "time": {
      const { parts, ...rest } = fields(value, where, ["kind", "name", "missing", "parts"]);
      const parsed = list(parts, `${where}.parts`, TIME_PARTS.length, parsePart);
      checkUnique(
        parsed.map(({ part }) => part),
        `${where}.parts`,
      );
      return { kind, ...nameAndMissing(rest, where), parts: parsed };
    }
    case "empty":
      return { kind, ...nameAndMissing(fields(value, where, ["kind", "name", "missing"]), where) };
    default:
      throw new EncoderError(`${where}.kind is not the kind of a column.`);
  }
}

function parsePart(value: unknown, where: Where) {
  const { part, knots } = fields(value, where, ["part", "knots"]);
  const known = TIME_PARTS.find((each) => each === part);
  if (known === undefined) throw new EncoderError(`${where}.part is not a part of a time.`);
  const parsed = parseKnots(knots, `${where}.knots`);
  if (numberChannels(parsed) === 0) throw new EncoderError(`${where}.knots has fewer than two numbers.`);
  return { part: known, knots: parsed };
}

function parseTarget(value: unknown, where: Where): FittedTarget {
  const { kind } = object(value, where);
  if (kind === "class") {
    const { column, classes } = fields(value, where, ["kind", "column", "classes"]);
    const parsed = texts(classes, `${where}.classes`, CLASSES_MAX, CLASS_TEXT_MAX);
    if (parsed.length === 0) throw new EncoderError(`${where}.classes is empty.`);
    return { kind, column: textOf(column, `${where}.column`, COLUMN_NAME_MAX), classes: parsed };
  }
  if (kind === "number") {
    const { column, knots } = fields(value, where, ["kind", "column", "knots"]);
    return {
      kind,
      column: textOf(column, `${where}.column`, COLUMN_NAME_MAX),
      knots: parseKnots(knots, `${where}.knots`),
    };
  }
  throw new EncoderError(`${where}.kind is not the kind of a target.`);
}

function parseOffsets(value: unknown, where: Where): number[] {
  const offsets = list(value, where, OFFSETS_MAX, (each, at) => {
    if (typeof each !== "number" || !(each >= 0 && each <= KNOT_MAX))
      throw new EncoderError(`${at} is not a number from 0 on.`);
    return each;
  });
  if (offsets.length === 0) throw new EncoderError(`${where} is empty.`);
  return offsets;
}

function nameAndMissing({ name, missing }: Record<string, unknown>, where: Where) {
  if (typeof missing !== "boolean") throw new EncoderError(`${where}.missing is neither true nor false.`);
  return { name: textOf(name, `${where}.name`, COLUMN_NAME_MAX), missing };
}

function parseKnots(value: unknown, where: Where): number[] {
  const knots = list(value, where, KNOTS_MAX, (each, at) => {
    // A knot is a 32-bit number or lies between two of them, so that differences of knots stay finite.
    if (typeof each !== "number" || !(Math.abs(each) <= KNOT_MAX)) throw new EncoderError(`${at} is not a number.`);
    return each;
  });
  if (knots.length === 0) throw new EncoderError(`${where} is empty.`);
  const wrong = knots.findIndex((knot, j) => j > 0 && !(knot > knots[j - 1]!));
  if (wrong > 0) throw new EncoderError(`${where}[${wrong}] is not above the number before it.`);
  return knots;
}

/** The largest finite 32-bit number. */
const KNOT_MAX = 3.4028234663852886e38;

function texts(value: unknown, where: Where, most: number, length: number): string[] {
  const parsed = list(value, where, most, (each, at) => textOf(each, at, length));
  checkUnique(parsed, where);
  return parsed;
}

function textOf(value: unknown, where: Where, most: number): string {
  if (typeof value !== "string") throw new EncoderError(`${where} is not a text.`);
  if (value.length > most) throw new EncoderError(`${where} has more than ${most} characters.`);
  return value;
}

function list<T>(value: unknown, where: Where, most: number, parse: (value: unknown, where: Where) => T): T[] {
  if (!Array.isArray(value)) throw new EncoderError(`${where} is not a list.`);
  if (value.length > most) throw new EncoderError(`${where} has more than ${most} entries.`);
  return value.map((each: unknown, index) => parse(each, `${where}[${index}]`));
}

function checkUnique(names: readonly string[], where: Where): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) throw new EncoderError(`${where} has '${name.slice(0, 50)}' twice.`);
    seen.add(name);
  }
}

/** An object with exactly these fields. */
function fields(value: unknown, where: Where, names: readonly string[]): Record<string, unknown> {
  const found = object(value, where);
  const strange = Object.keys(found).find((name) => !names.includes(name));
  if (strange !== undefined) throw new EncoderError(`${where} has an unknown field '${strange.slice(0, 50)}'.`);
  const lacking = names.find((name) => !Object.hasOwn(found, name));
  if (lacking !== undefined) throw new EncoderError(`${where} lacks '${lacking}'.`);
  return found;
}

function object(value: unknown, where: Where): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new EncoderError(`${where} is not an object.`);
  return value as Record<string, unknown>;
}
