/** Never answers, and never lets go of the processor. */
import { answerJob } from "../src/run-in-process.ts";

answerJob(async () => {
  for (;;);
});
