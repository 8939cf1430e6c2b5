/** Imports one upload in a separate process, because readers trust sizes that a file states. */
import { answerJob } from "../../processes/answer-job.ts";
import { carryOut } from "./carry-out.ts";

answerJob(carryOut);
