/**
 * Converts one uploaded file in a process of its own: readers of Parquet and Arrow believe sizes that a file states, and
 * running out of memory may end a whole process, whichever thread it happens in.
 */
import { carryOut } from "./carry-out.ts";
import type { ImportJob } from "./import-job.ts";

// Whoever wanted the file is gone.
process.once("disconnect", () => process.exit());
process.once("message", (job: ImportJob) => {
  void carryOut(job).then((outcome) => process.send?.(outcome, () => process.disconnect()));
});
