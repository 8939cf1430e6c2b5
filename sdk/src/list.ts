/** The answer of a list endpoint. */
export interface Table {
  header: string[];
  body: unknown[][];
}

/** One page of a list; without it the whole list. Upstream's server knows no pages and refuses these keys. */
export interface PageQuery {
  /** Counts from 0; a page beyond the end is empty. */
  page?: number;
  /** Rows of a page, 1…10000; default 100. */
  limit?: number;
}

/** The keys of a page that were given. */
export const pageInput = ({ page, limit }: PageQuery) => ({ page, limit });

/** Converts rows to objects, keyed by the names in the header. */
export function rowsOf<Row>(answer: unknown): Row[] {
  const { header, body } = answer as Table;
  return body.map((cells) => Object.fromEntries(header.map((name, index) => [name, cells[index]])) as Row);
}
