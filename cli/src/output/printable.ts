/** Characters, other than line breaks, that a terminal would interpret, or that would reorder the text. */
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;

/** Makes a server's text safe to show: writes `\u001b` for the character. In JSON that is the same string. */
export function printable(text: string): string {
  return text.replace(CONTROL, (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
