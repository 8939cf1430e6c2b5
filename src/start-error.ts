/** A start fails for a reason that whoever starts the server can remove; the message says what it is. */
export class StartError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "StartError";
  }
}
