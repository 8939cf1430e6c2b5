import type { Table } from "hanami-sdk";
import { prettyJson } from "./json.ts";
import { listTable, matrixTable, objectTable, type Fields } from "./views.ts";

/** Prints a command's result to standard output: as a table for people, or with `-j` as JSON for programs. */
export class Printer {
  readonly #asJson: boolean;

  constructor({ asJson }: { asJson: boolean }) {
    this.#asJson = asJson;
  }

  object(value: object, fields: Fields, extra?: Fields): void {
    this.#write(value, () => objectTable(value, fields, extra));
  }

  /** The raw answer of a list endpoint. */
  list(answer: unknown, fields: Fields): void {
    this.#write(answer, () => listTable(answer as Table, fields));
  }

  matrix(rows: number[][], firstRow: number): void {
    this.#write(rows, () => matrixTable(rows, firstRow));
  }

  /** One line of text, or with `-j` an object. */
  message(line: string, value: object = {}): void {
    this.#write(value, () => `${line}\n`);
  }

  /** A value with a special layout. */
  custom(value: unknown, text: () => string): void {
    this.#write(value, text);
  }

  #write(value: unknown, text: () => string): void {
    process.stdout.write(this.#asJson ? `${prettyJson(value)}\n` : text());
  }
}
