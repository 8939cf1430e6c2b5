/** What the cells of a column are. */
export type ColumnKind = "number" | "category" | "time";

/** What one needs to know to read the values of a column. */
export interface ColumnMeaning {
  name: string;
  kind: ColumnKind;
  /** The text of each code of a category; empty for the other kinds. */
  categories: readonly string[];
  /** Seconds from 1970 on to which the values of a time are added; 0 for the other kinds. */
  origin: number;
}

/** The cells of one column in consecutive rows. */
export interface Cells extends ColumnMeaning {
  /** Numbers, codes of categories, or seconds after `origin`; NaN where the cell is missing. */
  values: Float32Array;
}
