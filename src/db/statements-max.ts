/**
 * Maximum number of prepared statements: more than the server has distinct texts, unless lists of values create more.
 * The database keeps each in memory.
 */
export const STATEMENTS_MAX = 500;
