import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

/** A graphics card as Linux reports it. */
export interface Card {
  /** PCI address, such as `0000:01:00.0`; constant as long as the card stays in its slot. */
  address: string;
  /** PCI vendor id, such as `0x10de`. */
  vendor: string;
  /** Device files through which a driver reaches this card only. */
  nodes: string[];
  /** Null if neither the kernel nor the vendor's tool reports it. */
  memoryBytes: number | null;
}

const MEBIBYTE = 2 ** 20;

/** Lists the cards whose device files exist, sorted by address. Empty on systems other than Linux. */
export async function listCards(root = "/"): Promise<Card[]> {
  const devices = join(root, "sys/bus/pci/devices");
  const cards: Card[] = [];
  const addresses = await namesIn(devices);
  for (const address of addresses.sort((a, b) => (a < b ? -1 : 1))) {
    const device = join(devices, address);
    const nodes = (await namesIn(join(device, "drm"))).map((name) => join(root, "dev/dri", name));
    const minor = /^Device Minor:\s*(\d+)/m.exec(
      await textOf(join(root, "proc/driver/nvidia/gpus", address, "information")),
    );
    if (minor !== null) nodes.push(join(root, `dev/nvidia${minor[1]}`));
    const present = nodes.filter((node) => existsSync(node));
    if (present.length === 0) continue;
    const vendor = (await textOf(join(device, "vendor"))).trim();
    cards.push({ address, vendor, nodes: present, memoryBytes: await memoryOf(device, address, vendor) });
  }
  return cards;
}

/** AMD's driver reports the memory in a file, NVIDIA's through `nvidia-smi`. */
async function memoryOf(device: string, address: string, vendor: string): Promise<number | null> {
  const bytes = Number(await textOf(join(device, "mem_info_vram_total")));
  if (bytes > 0) return bytes;
  if (vendor !== NVIDIA) return null;
  const query = ["--query-gpu=memory.total", "--format=csv,noheader,nounits", `--id=${address}`];
  const asked = await promisify(execFile)("nvidia-smi", query, { timeout: 10_000 }).catch(() => ({ stdout: "" }));
  const mebibytes = Number(asked.stdout);
  return mebibytes > 0 ? mebibytes * MEBIBYTE : null;
}

const NVIDIA = "0x10de";

const namesIn = (folder: string) => readdir(folder).catch(() => []);
const textOf = (path: string) => readFile(path, "utf8").catch(() => "");
