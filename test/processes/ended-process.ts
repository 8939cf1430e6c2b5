/**
 * Runs two jobs, and stays busy until both have ended, so that the system reports the second one's end together with
 * the first one's, before the second answer was read. Prints both answers. Runs in a separate process, whose event loop
 * no other test delays.
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
    // The signal of its end arrives a moment later.
    for (let look = 0; look < 1000; look++) hasEnded();
  };
  return { answer, finish };
}

const second = await start("second");
const first = await start("first");
const answers = Promise.all([first.answer.finally(() => second.finish()), second.answer]);
first.finish();
console.log(JSON.stringify(await answers));
