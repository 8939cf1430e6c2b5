import { badRequest } from "../errors.ts";

/** More than the bindings of a task need: 8192 with 1024 inputs and 1024 outputs. */
export const JSON_ITEMS_MAX = 16_384;
/** Cells of rows: parsed within 100 ms even if each is an object of its own. */
export const ROW_ITEMS_MAX = 65_536;

const [COMMA, OPENING_BRACKET, OPENING_BRACE] = [44, 91, 123];

/**
 * Whether a text has few enough items to be parsed as JSON within milliseconds: a megabyte of small keys or nested
 * arrays takes a hundred times as long as a megabyte of text. Counts separators and opening brackets, also in strings.
 */
export function hasFewItems(text: string, itemsMax: number): boolean {
  let items = 0;
  for (let at = 0; at < text.length && items <= itemsMax; at++) {
    const code = text.charCodeAt(at);
    if (code === COMMA || code === OPENING_BRACKET || code === OPENING_BRACE) items++;
  }
  return items <= itemsMax;
}

export const tooManyItems = (itemsMax: number) => badRequest(`Request body has more than ${itemsMax} items.`);
