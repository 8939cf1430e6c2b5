/** Whether an error says that a file is not there: it was deleted, perhaps a moment ago. */
export const isMissing = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === "ENOENT";
