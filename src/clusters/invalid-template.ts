import { HanamiError } from "../errors.ts";

/** A template that cannot be used; `detail` is the parser's text of several lines. */
export class InvalidTemplateError extends HanamiError {
  readonly detail: string;

  constructor(detail: string, options?: ErrorOptions) {
    super("bad_request", "Uploaded template is not a valid cluster-template: ", options);
    this.name = "InvalidTemplateError";
    this.detail = detail;
  }
}
