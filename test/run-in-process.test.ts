import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { runInProcess } from "../src/run-in-process.ts";
import { temporaryFolder } from "./datasets/support.ts";

const program = fileURLToPath(new URL("./ended-process.js", import.meta.url));

test.runIf(process.platform === "linux")(
  "an answer counts, though the end of its process is noticed before it",
  async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [program, await temporaryFolder()]);
    expect(JSON.parse(stdout)).toEqual([{ done: true }, { done: true }]);
  },
);

test.runIf(process.platform !== "win32")("a job that does not end is ended", async () => {
  const looping = new URL("./looping-process.js", import.meta.url);
  const outcome = runInProcess(looping, {}, { heapMib: 64, seconds: 1 });
  await expect(outcome).rejects.toMatchObject({
    kind: "time",
    message: "reading it took more than 1 s of processor time, the limit for its size",
  });
});
