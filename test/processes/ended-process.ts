/**
 * Two jobs, and a server that is busy until both have ended: the system tells of the second one's end together with
 * that of the first one, before its answer was read. Prints both answers. In a process of its own, whose event loop
 * nobody else delays.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { runJobProcess } from "../../src/processes/job-process.ts";
import type { WaitingJob } from "./waiting-process.ts";

const folder = process.argv[2] as string;
const program = new URL("./waiting-process.js", import.meta.url);

async function start(name: string) {
  const job: WaitingJob = { pidFile: join(folder, `${name}.pid`), goFile: join(folder, `${name}.go`) };
  const answer = runJobProcess<object>(program, job, { heapMib: 64, seconds: 60 });
  while (!existsSync(job.pidFile)) await delay(1);
  const pid = readFileSync(job.pidFile, "utf8");
  const hasEnded = () => /\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  const finish = () => {
    writeFileSync(job.goFile, "");
    while (!hasEnded());
    // The signal that tells of it comes a moment later.
    for (let look = 0; look < 1000; look++) hasEnded();
  };
  return { answer, finish };
}

const second = await start("second");
const first = await start("first");
const answers = Promise.all([first.answer.finally(() => second.finish()), second.answer]);
first.finish();
console.log(JSON.stringify(await answers));
