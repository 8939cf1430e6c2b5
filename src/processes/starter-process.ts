/**
 * Starts the processes of jobs for the server. To start one copies the page tables of whoever does it: 20 to 50 ms in
 * which a server with large networks would answer nobody. This process is small, and takes a millisecond.
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

// Ctrl-C at a terminal is for the server, which ends what it has begun.
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => {});
// The processes that it has started notice its end as well.
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
