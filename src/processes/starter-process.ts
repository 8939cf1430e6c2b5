/**
 * Starts job processes for the server. A fork copies the page tables of the parent: a server with large networks would
 * be blocked for 20 to 50 ms. This process is small and needs a millisecond.
 */
import { runJobProcess } from "./job-process.ts";
import { ProcessEndedError, type ProcessLimits } from "./process-limits.ts";

export interface StarterRequest {
  id: number;
  file: string;
  job: object;
  limits: ProcessLimits;
}

export type StarterReply = { id: number } & (
  | { kind: "taken" }
  | { kind: "answered"; answer: unknown }
  | { kind: "ended"; how: "time" | "memory" }
  | { kind: "failed"; message: string; code: string | undefined }
);

// A Ctrl-C at the terminal is meant for the server, which ends the jobs that it started.
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => {});
// The job processes notice the end of this process and exit, too.
process.once("disconnect", () => process.exit());

process.on("message", (request: StarterRequest) => void carryOut(request));

async function carryOut({ id, file, job, limits }: StarterRequest): Promise<void> {
  const taken: StarterReply = { id, kind: "taken" };
  process.send?.(taken);
  const reply = await runJobProcess<unknown>(new URL(file), job, limits).then(
    (answer): StarterReply => ({ id, kind: "answered", answer }),
    (error: NodeJS.ErrnoException): StarterReply =>
      error instanceof ProcessEndedError
        ? { id, kind: "ended", how: error.kind }
        : { id, kind: "failed", message: error.message, code: error.code },
  );
  process.send?.(reply);
}
