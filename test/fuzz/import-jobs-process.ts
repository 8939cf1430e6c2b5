import { carryOut, type ImportJob } from "../../src/datasets/import/carry-out.ts";

// As the server's own import process, but for one job after another: starting a process takes longer than a small file.
process.on("message", (job: ImportJob) => {
  void carryOut(job).then((outcome) => process.send?.(outcome));
});
process.once("disconnect", () => process.exit());
