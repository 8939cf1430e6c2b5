import { fields } from "../fields.ts";

/** Size of an announced file in bytes. */
export const fileBytes = fields.int(1, 10_000_000_000);
