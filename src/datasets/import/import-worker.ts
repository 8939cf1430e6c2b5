/** Converts one uploaded dataset in a thread of its own and says how it went. */
import { parentPort, workerData } from "node:worker_threads";
import { carryOut } from "./carry-out.ts";
import type { ImportJob } from "./import-job.ts";

parentPort?.postMessage(await carryOut(workerData as ImportJob));
