import { type ChildProcess, fork, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Times } from "../harness/timing.ts";

/** Folder of the package with TensorFlow.js; this file runs compiled, from dist/. */
const folder = fileURLToPath(new URL("../../../bench/tfjs/", import.meta.url));

/** Installs TensorFlow.js where only this benchmark finds it. Ends the process if that fails. */
export function installTensorFlow(): void {
  if (existsSync(`${folder}node_modules/@tensorflow/tfjs-core`)) return;
  console.error("Installing TensorFlow.js into bench/tfjs (100 MB) …");
  const cli = process.env["npm_execpath"];
  const [command, first] = cli?.endsWith(".js") ? [process.execPath, [cli]] : ["npm", []];
  const args = [...first, "ci", "--no-audit", "--no-fund", "--loglevel=error", "--ignore-scripts"];
  const { status } = spawnSync(command, args, {
    cwd: folder,
    stdio: ["ignore", "ignore", "inherit"],
    shell: process.platform === "win32",
  });
  if (status === 0) return;
  console.error("TensorFlow.js could not be installed, npm's message is above. Is its registry out of reach?");
  process.exit(1);
}

export interface Answer extends Times {
  value: unknown;
}

/** TensorFlow.js with one backend, in a separate process; model-process.mjs has the calls. */
export class TensorFlow {
  readonly backend: "wasm" | "cpu";
  readonly #child: ChildProcess;
  /** Rejects when the process ends unexpectedly. */
  readonly #ended: Promise<never>;

  private constructor(backend: "wasm" | "cpu", child: ChildProcess) {
    this.backend = backend;
    this.#child = child;
    this.#ended = new Promise((_, reject) => {
      child.once("exit", () => reject(new Error(`TensorFlow.js (${backend}) ended in the middle of its work`)));
    });
    this.#ended.catch(() => undefined);
  }

  static async open(backend: "wasm" | "cpu"): Promise<TensorFlow> {
    const child = fork(`${folder}model-process.mjs`, [backend], {
      serialization: "advanced",
      execArgv: [],
      // Hides its advice to install another package.
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    const model = new TensorFlow(backend, child);
    await model.#answer();
    return model;
  }

  async call(call: string, work: object): Promise<Answer> {
    this.#child.send({ call, work });
    return this.#answer();
  }

  close(): void {
    this.#child.disconnect();
  }

  async #answer(): Promise<Answer> {
    const answered = new Promise((resolve) => this.#child.once("message", resolve));
    const answer = await Promise.race([answered, this.#ended]);
    return answer as Answer;
  }
}
