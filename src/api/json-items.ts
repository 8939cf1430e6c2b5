import { badRequest } from "../errors.ts";

/** More than the bindings of a task need: 8192 with 1024 inputs and 1024 outputs. */
const JSON_ITEMS_MAX = 16_384;

const [COMMA, OPENING_BRACKET, OPENING_BRACE] = [44, 91, 123];

/**
 * Whether a text has few enough items to be parsed as JSON within milliseconds: a megabyte of small keys or nested
 * arrays takes a hundred times as long as a megabyte of text. Counts separators and opening brackets, also in strings.
 */
export function hasFewItems(text: string): boolean {
  let items = 0;
  for (let at = 0; at < text.length && items <= JSON_ITEMS_MAX; at++) {
    const code = text.charCodeAt(at);
    if (code === COMMA || code === OPENING_BRACKET || code === OPENING_BRACE) items++;
  }
  return items <= JSON_ITEMS_MAX;
}

export const tooManyItems = () => badRequest(`Request body has more than ${JSON_ITEMS_MAX} items.`);
