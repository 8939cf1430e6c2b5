import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { temporaryFolder } from "./datasets/support.ts";

const program = fileURLToPath(new URL("./ended-process.js", import.meta.url));

test.runIf(process.platform === "linux")(
  "an answer counts, though the end of its process is noticed before it",
  async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [program, await temporaryFolder()]);
    expect(JSON.parse(stdout)).toEqual([{ done: true }, { done: true }]);
  },
);
