/** A template is invalid: the reason and the position of the offending token. Clients see `message`. */
export class TemplateError extends Error {
  /** 1-based line of the offending token. */
  readonly line: number;
  /** 1-based column of its first character. */
  readonly column: number;
  /** The offending text; empty at the end of the template. */
  readonly token: string;
  readonly parserMessage: string;

  constructor(parserMessage: string, place: { line: number; column: number; text: string }) {
    super(
      [
        "ERROR while parsing cluster-definition string",
        `parser-message: ${parserMessage}`,
        `line-number: ${place.line}`,
        `position in line: ${place.column}`,
        `broken part in string: "${place.text}"`,
      ].join("\n"),
    );
    this.name = "TemplateError";
    this.line = place.line;
    this.column = place.column;
    this.token = place.text;
    this.parserMessage = parserMessage;
  }
}
