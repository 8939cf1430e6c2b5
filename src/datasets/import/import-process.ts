/** Converts one uploaded file in a process of its own: readers believe sizes that a file states. */
import { answerJob } from "../../processes/answer-job.ts";
import { carryOut } from "./carry-out.ts";

answerJob(carryOut);
