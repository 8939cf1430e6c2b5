/** Gives work a signal that is aborted with the caller's, and after `ms`: then resolves to undefined. */
export async function withinTime<T>(
  ms: number,
  caller: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T | undefined> {
  caller?.throwIfAborted();
  const limit = new AbortController();
  const stop = () => limit.abort(caller?.reason);
  const timer = setTimeout(stop, ms);
  caller?.addEventListener("abort", stop);
  try {
    return await work(limit.signal);
  } catch (error) {
    caller?.throwIfAborted();
    if (limit.signal.aborted) return undefined;
    throw error;
  } finally {
    clearTimeout(timer);
    caller?.removeEventListener("abort", stop);
  }
}
