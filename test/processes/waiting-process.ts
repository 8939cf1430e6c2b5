/** Writes its process id, and answers once the file that it waits for exists. */
import { existsSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { answerJob } from "../../src/processes/answer-job.ts";

export interface WaitingJob {
  pidFile: string;
  goFile: string;
}

answerJob(async ({ pidFile, goFile }: WaitingJob) => {
  await writeFile(`${pidFile}.new`, String(process.pid));
  await rename(`${pidFile}.new`, pidFile);
  while (!existsSync(goFile)) await delay(1);
  return { done: true };
});
