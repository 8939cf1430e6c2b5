/** The answer of a list endpoint. */
export interface Table {
  header: string[];
  body: unknown[][];
}

/** Converts rows to objects, keyed by the names in the header. */
export function rowsOf<Row>(answer: unknown): Row[] {
  const { header, body } = answer as Table;
  return body.map((cells) => Object.fromEntries(header.map((name, index) => [name, cells[index]])) as Row);
}
