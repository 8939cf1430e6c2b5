/** Turns one dataset into a file of another format, piece by piece, in a thread of its own. */
import { parentPort, workerData, type MessagePort } from "node:worker_threads";
import { lowerThread, NICENESS } from "../../processes/priority.ts";
import { openDatasetFile } from "../file/reader.ts";
import type { ExportJob, ExportMessage } from "./export-job.ts";
import { exportTable, type ExportTable } from "./table.ts";
import { writeArrow } from "./write-arrow.ts";
import { writeCsv } from "./write-csv.ts";
import { writeNpy } from "./write-npy.ts";
import { writeParquet } from "./write-parquet.ts";

const writers = { csv: writeCsv, parquet: writeParquet, arrow: writeArrow, npy: writeNpy } satisfies Record<
  ExportJob["format"],
  (table: ExportTable) => AsyncGenerator<Uint8Array<ArrayBuffer>>
>;

/** Every message of the other side asks for one piece. */
async function run(port: MessagePort, job: ExportJob): Promise<void> {
  let wanted = 0;
  let wake = () => {};
  port.on("message", () => {
    wanted++;
    wake();
  });
  const send = (message: ExportMessage, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);
  try {
    const reader = await openDatasetFile(job.path);
    for await (const bytes of writers[job.format](exportTable(reader, job.group))) {
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
