let segmenter: Intl.Segmenter | undefined;

/** Made on first use: it takes 40 ms, and nearly no text needs it. */
const graphemes = (): Intl.Segmenter => (segmenter ??= new Intl.Segmenter("en", { granularity: "grapheme" }));

/** Characters that take two columns of a terminal: East Asian wide and full-width characters, and emoji. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6]|[\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}|\ufe0f/u;

/** What a reader sees as characters, such as a letter with its accent. */
export const charactersOf = (text: string): string[] => Array.from(graphemes().segment(text), ({ segment }) => segment);

/** Number of terminal columns that a text takes. */
export function textWidth(text: string): number {
  // A fast path for nearly all texts; the segmenter is a hundred times slower.
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes().segment(text)) width += WIDE.test(segment) ? 2 : 1;
  return width;
}

/** The text, or its beginning and `…`, in at most `columns` columns of a terminal. */
export function cutText(text: string, columns: number): string {
  if (textWidth(text) <= columns) return text;
  let [kept, width] = ["", 1];
  for (const character of charactersOf(text)) {
    width += textWidth(character);
    if (width > columns) break;
    kept += character;
  }
  return columns < 1 ? "" : `${kept}…`;
}
