import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { runInProcess } from "../../src/processes/run-in-process.ts";
import { temporaryFolder } from "../datasets/support.ts";

const program = fileURLToPath(new URL("./ended-process.js", import.meta.url));

test.runIf(process.platform === "linux")(
  "an answer counts even if the end of its process is noticed first",
  async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [program, await temporaryFolder()]);
    expect(JSON.parse(stdout)).toEqual([{ done: true }, { done: true }]);
  },
);

/** Processes that run a script and were started by this process. */
function childrenThatRun(script: string): number[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((pid) => {
    try {
      const parent = /\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, "latin1"))?.[1];
      return Number(parent) === process.pid && readFileSync(`/proc/${pid}/cmdline`, "latin1").includes(script);
    } catch {
      // It has ended in the meantime.
      return false;
    }
  });
}

describe.runIf(process.platform === "linux")("the process that starts others is killed", () => {
  const waiting = new URL("./waiting-process.js", import.meta.url);
  const limits = { heapMib: 64, seconds: 10 };
  const jobIn = (folder: string, goFile: string) => ({ pidFile: join(folder, "pid"), goFile });

  function killStarter(): void {
    const starters = childrenThatRun("starter-process.js");
    expect(starters).toHaveLength(1);
    process.kill(starters[0]!, "SIGKILL");
  }

  test("running jobs fail, and their processes end", async () => {
    const folder = await temporaryFolder();
    const job = jobIn(folder, join(folder, "never"));
    const outcome = runInProcess(waiting, job, limits);
    outcome.catch(() => {});
    await expect.poll(() => existsSync(job.pidFile), { timeout: 20_000 }).toBe(true);
    const pid = Number(readFileSync(job.pidFile, "utf8"));
    killStarter();
    await expect(outcome).rejects.toThrow("the process that starts others has ended");
    await expect.poll(() => existsSync(`/proc/${pid}`), { timeout: 20_000 }).toBe(false);
  });

  test("a job that it has not accepted yet is carried out nevertheless", async () => {
    const folder = await temporaryFolder();
    expect(await runInProcess(waiting, jobIn(folder, folder), limits)).toEqual({ done: true });
    killStarter();
    // This process has not noticed the kill yet.
    expect(await runInProcess(waiting, jobIn(folder, folder), limits)).toEqual({ done: true });
  });
});

test.runIf(process.platform !== "win32")("a job that does not end is ended", async () => {
  const looping = new URL("./looping-process.js", import.meta.url);
  const outcome = runInProcess(looping, {}, { heapMib: 64, seconds: 1 });
  await expect(outcome).rejects.toMatchObject({
    kind: "time",
    message: "reading it took more than 1 s of processor time, the limit for its size",
  });
});
