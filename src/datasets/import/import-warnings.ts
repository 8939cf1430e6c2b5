import { toUSVString } from "node:util";

/** Maximum number of sentences about the file as a whole. */
const SENTENCES_MAX = 32;
const SENTENCE_LENGTH_MAX = 300;
const EXCERPT_LENGTH_MAX = 40;
/** Maximum number of columns with a sentence of their own, per kind of change. */
const COLUMNS_MAX = 16;

/** Changes of cells, in the singular and the plural. */
const changes = {
  missing: ["1 cell is missing, which plain inputs read as 0", "cells are missing, which plain inputs read as 0"],
  rounded: ["1 whole number changes its value as a 32-bit float", "whole numbers change their values as 32-bit floats"],
  vanished: [
    "1 number is too small for a 32-bit float and becomes 0",
    "numbers are too small for 32-bit floats and become 0",
  ],
  grouped: ["1 number has separators of thousands", "numbers have separators of thousands"],
  moved: ["1 time moves by more than a second as a 32-bit float", "times move by more than a second as 32-bit floats"],
} as const;

export type CellChange = keyof typeof changes;

interface ChangedCells {
  /** Row of the first cell, from 1. */
  row: number;
  /** Default: 1. */
  count?: number;
  /** Value of the first cell, before and after. */
  value?: string | number | bigint;
  became?: number | string;
}

interface Tally {
  count: number;
  first: string;
}

/**
 * Collects what an import guesses, skips or changes, in short English sentences that are stored with the dataset and
 * shown to its owner. Bounds their number and length, whatever the file contains.
 */
export class ImportWarnings {
  readonly #sentences: string[] = [];
  #left = 0;
  readonly #tallies = new Map<CellChange, Map<string, Tally>>();
  readonly #others = new Map<CellChange, number>();

  /** Adds a sentence about the file as a whole. */
  add(sentence: string): void {
    if (this.#sentences.length < SENTENCES_MAX) this.#sentences.push(excerpt(sentence, SENTENCE_LENGTH_MAX));
    else this.#left++;
  }

  /** Counts changed cells of one column. A sentence per column reports their number and the first one. */
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

/** Databases reject NUL and halves of surrogate pairs, terminals control characters. */
const clean = (text: string) => toUSVString(text.replaceAll(/\p{Cc}/gu, "\uFFFD"));

function phrase(change: CellChange, count: number): string {
  const [one, many] = changes[change];
  return count === 1 ? one : `${count} ${many}`;
}

function describeFirst({ row, value, became }: ChangedCells): string {
  return value === undefined ? `in row ${row}` : `${excerpt(String(value))} in row ${row}, which becomes ${became}`;
}

/** Shortens a client's text for a message. */
export const excerpt = (text: string, length = EXCERPT_LENGTH_MAX) =>
  text.length > length ? `${text.slice(0, length)}…` : text;
