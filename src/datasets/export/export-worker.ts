/** Converts one dataset to another file format, piece by piece, in a worker thread. */
import { parentPort, workerData, type MessagePort } from "node:worker_threads";
import { lowerThread, NICENESS } from "../../processes/priority.ts";
import { openDatasetFile } from "../file/reader.ts";
import { downloadIn } from "../formats.ts";
import type { ExportJob, ExportMessage } from "./export-job.ts";
import { exportTable } from "./table.ts";

/** Sends one piece for each incoming message. */
async function run(port: MessagePort, job: ExportJob): Promise<void> {
  let wanted = 0;
  let wake = () => {};
  port.on("message", () => {
    wanted++;
    wake();
  });
  const send = (message: ExportMessage, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);
  try {
    const write = await downloadIn(job.format).writer();
    const reader = await openDatasetFile(job.path);
    for await (const bytes of write(exportTable(reader, job.group))) {
      if (bytes.length === 0) continue;
      while (wanted === 0) await new Promise<void>((resolve) => (wake = resolve));
      wanted--;
      send({ kind: "piece", bytes }, [bytes.buffer]);
    }
    await reader.close();
    send({ kind: "end" });
  } catch (error) {
    send({ kind: "failed", error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
  port.close();
}

lowerThread(NICENESS.job);
if (parentPort !== null) void run(parentPort, workerData as ExportJob);
