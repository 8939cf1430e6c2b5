/** For the file of a process that `runInProcess` starts: takes one job, answers and ends. */
export function answerJob<Job, Answer extends object>(carryOut: (job: Job) => Promise<Answer>): void {
  // Whoever wanted the answer is gone.
  process.once("disconnect", () => process.exit());
  process.once("message", (job: Job) => {
    // The answer would be lost if the channel were closed right after sending it.
    void carryOut(job).then((answer) => process.send?.(answer, () => process.disconnect()));
  });
}
