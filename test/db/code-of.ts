/** How a query ended: "done", or the code of the driver or of Postgres; undefined if an error has none. */
export const codeOf = (query: PromiseLike<unknown>) =>
  query.then(
    () => "done",
    (error: Error) => ((error.cause ?? error) as { code?: string }).code,
  );
