import type { Table } from "hanami-sdk";
import { cellText } from "./cell-text.ts";
import { renderTable } from "./table.ts";

/** Names of the fields that a command shows, in this order. */
export type Fields = readonly string[];

const title = (field: string) => field.replaceAll("_", " ").toUpperCase();

/**
 * A single object: one row per field. A missing field is shown as `<nil>`, except that missing `extra` fields, which
 * not every server knows, are omitted.
 */
export function objectTable(value: object, fields: Fields, extra: Fields = []): string {
  const values = value as Record<string, unknown>;
  const shown = [...fields, ...extra.filter((field) => values[field] !== undefined)];
  return renderTable({ rows: shown.map((field) => [title(field), cellText(values[field])]) });
}

/** A list: one column per field that is in its header. */
export function listTable({ header, body }: Table, fields: Fields): string {
  const columns = fields.filter((field) => header.includes(field));
  const places = columns.map((field) => header.indexOf(field));
  return renderTable({ header: columns.map(title), rows: body.map((row) => places.map((at) => cellText(row[at]))) });
}

/** Rows of numbers with six decimals; columns are numbered from 0, rows from `firstRow`. */
export function matrixTable(rows: readonly ArrayLike<number>[], firstRow: number): string {
  const width = rows.reduce((widest, row) => Math.max(widest, row.length), 0);
  const header = ["", ...Array.from({ length: width }, (_, column) => String(column))];
  const body = rows.map((row, index) => [
    String(firstRow + index),
    ...Array.from(row, (value) => (typeof value === "number" ? value.toFixed(6) : cellText(value))),
  ]);
  return renderTable({ header, rows: body });
}
