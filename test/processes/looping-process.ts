/** Never answers, and never yields the processor. */
import { answerJob } from "../../src/processes/answer-job.ts";

answerJob(async () => {
  for (;;);
});
