/** Converts one uploaded file in a process of its own: readers of Parquet and Arrow believe sizes that a file states. */
import { answerJob } from "../../run-in-process.ts";
import { carryOut } from "./carry-out.ts";

answerJob(carryOut);
