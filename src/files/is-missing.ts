/** Whether an error means that a file does not exist; it may just have been deleted. */
export const isMissing = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === "ENOENT";
