/** Never answers, and never lets go of the processor. */
import { answerJob } from "../../src/processes/answer-job.ts";

answerJob(async () => {
  for (;;);
});
