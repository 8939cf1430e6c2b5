/**
 * So many statements are prepared: more than the server has texts, unless lists of values make some. The database keeps
 * each in memory.
 */
export const STATEMENTS_MAX = 500;
