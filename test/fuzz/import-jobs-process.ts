import { carryOut, type ImportJob } from "../../src/datasets/import/carry-out.ts";

// Like the server's own import process, but for many jobs: starting a process takes longer than importing a small file.
process.on("message", (job: ImportJob) => {
  void carryOut(job).then((outcome) => process.send?.(outcome));
});
process.once("disconnect", () => process.exit());
