/** Rows on one page of a log. */
export const pageRows = 100;
