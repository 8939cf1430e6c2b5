export interface ProcessLimits {
  heapMib: number;
  /** Processor time, in whole seconds. */
  seconds: number;
}

/** The process ended without an answer: it exceeded a limit, or crashed because of a bug in the engine. */
export class ProcessEndedError extends Error {
  readonly kind: "time" | "memory";

  constructor(kind: "time" | "memory", { seconds }: ProcessLimits) {
    super(
      kind === "time"
        ? `reading it took more than ${seconds} s of processor time, the limit for its size`
        : "reading it takes too much memory; write it in smaller parts",
    );
    this.name = "ProcessEndedError";
    this.kind = kind;
  }
}
