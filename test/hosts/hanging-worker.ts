/**
 * The CPU host, except that some calls never end: slices whose first input value is one of `HANGS`, and the creation or
 * attachment of networks with an input of this name.
 */
import { parentPort, Worker, workerData } from "node:worker_threads";
import { NetworkStore } from "../../src/hosts/cpu/network-store.ts";
import { servePort } from "../../src/hosts/cpu/serve-port.ts";
import type { RequestSlice } from "../../src/hosts/host.ts";
import type { HostRequest } from "../../src/hosts/protocol.ts";
import { serveHost } from "../../src/hosts/serve-host.ts";
import { Instance, Module } from "../../src/kernels/wasm/web-assembly.ts";
import { WasmEngine } from "../../src/kernels/wasm/wasm-engine.ts";
import { HANGING_INPUT, HANGS, SLOW_MS } from "./hangs.ts";

/** (module (func (export "spin") (loop (br 0)))) */
const SPIN = "0061736d01000000" + "010401600000" + "03020100" + "070801047370696e0000" + "0a090107000340" + "0c000b0b";
const spin = () => (new Instance(new Module(Buffer.from(SPIN, "hex")), {}).exports["spin"] as () => void)();

function hang(how: number | undefined): void {
  if (how === HANGS.slow) return void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, SLOW_MS);
  if (how === HANGS.wasm) spin();
  if (how === HANGS.script) for (;;);
  // The leading thread waits for a helper thread that loops.
  const bytes = JSON.stringify(SPIN);
  const source = `new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(${bytes}, "hex"))).exports.spin()`;
  new Worker(source, { eval: true });
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

const answer = serveHost(new NetworkStore(new WasmEngine(workerData as object)));
servePort(parentPort!, (request: HostRequest) => {
  const [, content] = request.args;
  if (isHanging(content)) hang(firstValue(content));
  return answer(request);
});

const firstValue = (content: unknown) => (content as Partial<RequestSlice> | undefined)?.inputs?.[0]?.rows[0];

function isHanging(content: unknown): boolean {
  if (content instanceof Uint8Array) return Buffer.from(content).includes(HANGING_INPUT);
  const { template } = (content ?? {}) as { template?: string };
  if (template !== undefined) return template.includes(HANGING_INPUT);
  return (Object.values(HANGS) as unknown[]).includes(firstValue(content));
}
