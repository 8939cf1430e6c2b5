import type { Command } from "commander";
import { integer } from "./numbers.ts";

/** The options of a command that lists; without them the whole list. */
export interface PageOptions {
  page?: number;
  limit?: number;
}

/** Adds the options of a page to a command that lists. */
export function withPage(command: Command): Command {
  return command
    .option("--page <NUMBER>", "only this page, counted from 0", integer)
    .option("--limit <COUNT>", "only so many rows, or pages of so many (100 unless given)", integer);
}

/** The input of the list endpoint. */
export const pageOf = ({ page, limit }: PageOptions) => ({ page, limit });
