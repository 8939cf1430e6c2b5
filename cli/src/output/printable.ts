/** What a terminal would act on, or reorder, instead of showing it; line breaks are none of these. */
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;

/** A text from a server, safe to show: `\u001b` in place of the character. In JSON that is the same string. */
export function printable(text: string): string {
  return text.replace(CONTROL, (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
