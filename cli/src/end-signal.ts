import { Interrupted, type EndSignal } from "./errors.ts";

const END_SIGNALS: readonly EndSignal[] = ["SIGHUP", "SIGINT", "SIGTERM"];

/** Is aborted, with `Interrupted`, by the first Ctrl-C or `kill`; a second one ends the process. */
export function endSignal(): AbortSignal {
  const interrupt = new AbortController();
  for (const signal of END_SIGNALS) process.once(signal, () => interrupt.abort(new Interrupted(signal)));
  return interrupt.signal;
}
