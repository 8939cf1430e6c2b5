/** Texts of truth values, which are categories: their codes are 0 and 1. */
export const TRUTHS: readonly string[] = ["false", "true"];
