import { toUSVString } from "node:util";

/** So many sentences about the file as a whole are kept. */
const SENTENCES_MAX = 32;
const SENTENCE_LENGTH_MAX = 300;
const EXCERPT_LENGTH_MAX = 40;
/** For each kind of change, so many columns have a sentence of their own. */
const COLUMNS_MAX = 16;

/** What an import does to cells, in the singular and the plural. */
const changes = {
  missing: ["1 cell is missing and counts as 0", "cells are missing and count as 0"],
  rounded: ["1 whole number changes its value as a 32-bit float", "whole numbers change their values as 32-bit floats"],
  vanished: [
    "1 number is too small for a 32-bit float and becomes 0",
    "numbers are too small for 32-bit floats and become 0",
  ],
} as const;

export type CellChange = keyof typeof changes;

interface ChangedCells {
  /** Of the first one, from 1. */
  row: number;
  /** Default: 1. */
  count?: number;
  /** What stood in the first one, and what became of it. */
  value?: string | number | bigint;
  became?: number;
}

interface Tally {
  count: number;
  first: string;
}

/**
 * What an import guesses, leaves out or changes, in short English sentences: they are kept with the dataset and shown
 * to its owner. Bounded in number and length, whatever the file holds.
 */
export class ImportWarnings {
  readonly #sentences: string[] = [];
  #left = 0;
  readonly #tallies = new Map<CellChange, Map<string, Tally>>();
  readonly #others = new Map<CellChange, number>();

  /** Says something about the file as a whole. */
  add(sentence: string): void {
    if (this.#sentences.length < SENTENCES_MAX) this.#sentences.push(excerpt(sentence, SENTENCE_LENGTH_MAX));
    else this.#left++;
  }

  /** Counts changed cells of one column: a sentence for each column says how many, and which was the first. */
  count(change: CellChange, column: string, cells: ChangedCells): void {
    const count = cells.count ?? 1;
    let columns = this.#tallies.get(change);
    if (columns === undefined) this.#tallies.set(change, (columns = new Map()));
    const tally = columns.get(column);
    if (tally !== undefined) tally.count += count;
    else if (columns.size < COLUMNS_MAX) columns.set(column, { count, first: describeFirst(cells) });
    else this.#others.set(change, (this.#others.get(change) ?? 0) + count);
  }

  sentences(): string[] {
    const all = [...this.#sentences];
    if (this.#left > 0) all.push(`and ${this.#left} more`);
    for (const [change, columns] of this.#tallies) {
      for (const [column, { count, first }] of columns) {
        all.push(`column '${excerpt(column)}': ${phrase(change, count)}; the first is ${first}`);
      }
      const others = this.#others.get(change) ?? 0;
      if (others > 0) all.push(`and in other columns: ${phrase(change, others)}`);
    }
    return all.map(clean);
  }
}

/** The database takes no NUL and no half of a surrogate pair, and a terminal no control characters. */
const clean = (text: string) => toUSVString(text.replaceAll(/\p{Cc}/gu, "\uFFFD"));

function phrase(change: CellChange, count: number): string {
  const [one, many] = changes[change];
  return count === 1 ? one : `${count} ${many}`;
}

function describeFirst({ row, value, became }: ChangedCells): string {
  return value === undefined ? `in row ${row}` : `${excerpt(String(value))} in row ${row}, which becomes ${became}`;
}

/** A client's text as it stands in a message. */
export const excerpt = (text: string, length = EXCERPT_LENGTH_MAX) =>
  text.length > length ? `${text.slice(0, length)}…` : text;
