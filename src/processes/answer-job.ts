/** Main function of a process started by `runInProcess`: takes one job, answers it and exits. */
export function answerJob<Job, Answer extends object>(carryOut: (job: Job) => Promise<Answer>): void {
  // The process that wanted the answer is gone.
  process.once("disconnect", () => process.exit());
  process.once("message", (job: Job) => {
    // Closing the channel right after sending would lose the answer.
    void carryOut(job).then((answer) => process.send?.(answer, () => process.disconnect()));
  });
}
