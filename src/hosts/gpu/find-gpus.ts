import { existsSync } from "node:fs";
import type { Logger } from "pino";
import type { AdapterChoice, AdapterIdentity } from "../../kernels/webgpu/device.ts";
import { type Card, listCards } from "./cards.ts";
import { forkProcess } from "./fork-process.ts";

/** A GPU as a probe process sees it. */
export interface SeenGpu extends AdapterIdentity {
  choice: Required<AdapterChoice>;
  /** Number of adapters that its name matches. */
  namesakes: number;
  maxBufferBytes: number;
}

/** A GPU that computes correctly, and what a process needs to open it. */
export interface FoundGpu extends SeenGpu {
  /** Device files to hide from the process, so that it sees this GPU and no other one of the same name. */
  hidden: readonly string[];
  /** PCI address; null if only the GPU's name is known. */
  address: string | null;
  /** Null if unknown. */
  memoryBytes: number | null;
}

const PROBE_TIMEOUT_MS = 60_000;

/** A Linux machine without any of these device nodes has no GPU. The check saves a probe process on every start. */
const LINUX_GPU_NODES = ["/dev/dri", "/dev/nvidiactl", "/dev/dxg"];

/**
 * Finds the GPUs of this machine. Software adapters are slower than the CPU host and count only with `software`, which
 * also loads SwiftShader. Never rejects: a machine whose driver crashes has no GPU.
 */
export async function findGpus(options: { software: boolean; log: Logger; cards?: Card[] }): Promise<FoundGpu[]> {
  const { software, log } = options;
  const cards = options.cards ?? (await listCards());
  const found: FoundGpu[] = [];
  if (process.platform !== "linux" || LINUX_GPU_NODES.some((node) => existsSync(node)))
    found.push(...(await look({ software: false, cards, log })).filter(({ isSoftware }) => !isSoftware));
  if (software) {
    const devices = (await look({ software: true, cards, log })).filter(({ isSoftware }) => isSoftware);
    if (devices.length === 0) log.error("HANAMI_SOFTWARE_GPU is set, but there is no software GPU");
    found.push(...devices);
  }
  return found;
}

/**
 * Finds all GPUs that a process sees. To tell GPUs of the same name apart, probes each card in a process that sees only
 * this card.
 */
async function look({ software, cards, log }: { software: boolean; cards: Card[]; log: Logger }): Promise<FoundGpu[]> {
  const seen = await probe({ software, hidden: [] }, log);
  const found: FoundGpu[] = seen
    .filter(({ namesakes }) => namesakes === 1)
    .map((gpu) => ({ ...gpu, hidden: [], ...onlyCard(cards, gpu) }));
  const ambiguous = seen.filter(({ namesakes }) => namesakes > 1);
  if (ambiguous.length === 0) return found;

  const alone = await Promise.all(
    cards.map(async ({ address, memoryBytes }): Promise<FoundGpu[]> => {
      const hidden = cards.filter((card) => card.address !== address).flatMap(({ nodes }) => nodes);
      if (hidden.length === 0) return [];
      const visible = (await probe({ software, hidden }, log)).filter(({ namesakes }) => namesakes === 1);
      return visible.map((gpu) => ({ ...gpu, hidden, address, memoryBytes }));
    }),
  );
  for (const gpu of ambiguous) {
    const { adapter } = gpu.choice;
    const apart = alone.flat().filter(({ choice }) => choice.adapter === adapter);
    found.push(...(apart.length > 0 ? apart : [{ ...gpu, hidden: [], address: null, memoryBytes: null }]));
    if (apart.length < gpu.namesakes) {
      const used = Math.max(1, apart.length);
      log.warn({ adapter, namesakes: gpu.namesakes, used }, "GPUs of one name cannot be told apart; see docs/gpu.md");
    }
  }
  return found;
}

/** PCI vendor ids by WebGPU's vendor names. */
const PCI_VENDORS: Record<string, string> = { nvidia: "0x10de", amd: "0x1002", intel: "0x8086" };

/** The card's data if it is this machine's only card of its vendor; otherwise nulls. */
function onlyCard(cards: Card[], { vendor }: SeenGpu): Pick<FoundGpu, "address" | "memoryBytes"> {
  const [card, other] = cards.filter((each) => each.vendor === PCI_VENDORS[vendor]);
  if (card === undefined || other !== undefined) return { address: null, memoryBytes: null };
  return { address: card.address, memoryBytes: card.memoryBytes };
}

async function probe(
  { software, hidden }: { software: boolean; hidden: readonly string[] },
  log: Logger,
): Promise<SeenGpu[]> {
  const child = forkProcess(new URL("./probe-process.js", import.meta.url), { software }, { hidden, stderr: "pipe" });
  let found: SeenGpu[] | undefined;
  let complaint = "";
  child.on("message", (message: SeenGpu[]) => (found = message));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (complaint = (complaint + text).slice(-2_000)));
  const timer = setTimeout(() => child.kill("SIGKILL"), PROBE_TIMEOUT_MS);
  const how = await new Promise<string>((resolve) => {
    child.on("error", ({ message }) => resolve(message));
    child.on("close", (code, signal) => resolve(signal ?? `code ${code}`));
  });
  clearTimeout(timer);
  if (found === undefined) log.warn({ how, hidden, complaint }, "looking for GPUs failed; none are used");
  return found ?? [];
}
