/** GPUs with one name are hosts of their own. Two copies of the software device stand in for two cards of one kind. */
import { spawnSync } from "node:child_process";
import { cp, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { pino } from "pino";
import { afterEach, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { type Card, listCards } from "../../src/hosts/gpu/cards.ts";
import { findGpus } from "../../src/hosts/gpu/find-gpus.ts";
import { forkProcess } from "../../src/hosts/gpu/fork-process.ts";
import { openHostsOf } from "../../src/hosts/gpu/open-gpu-hosts.ts";
import type { Host } from "../../src/hosts/host.ts";
import { provideSoftwareVulkan } from "../../src/kernels/webgpu/software-vulkan.ts";
import { temporaryFolder } from "../datasets/support.ts";
import { openDatabase } from "../../src/db/open.ts";

vi.setConfig({ testTimeout: 120_000 });

const log = pino({ level: "silent" });

/** Showing a process only one card needs private mounts, which containers often forbid. */
const canHide = spawnSync("unshare", process.getuid?.() === 0 ? ["--mount", "true"] : ["-Urm", "true"]).status === 0;
if (!canHide) console.warn("NO MOUNT NAMESPACES here: GPUs of one name are not told apart in this run");

let library: string;
beforeAll(async () => {
  await provideSoftwareVulkan();
  library = join(dirname(process.env["VK_ICD_FILENAMES"]!), "libvk_swiftshader.so");
});
afterEach(() => {
  delete process.env["VK_DRIVER_FILES"];
});

/** Two drivers that offer the same software device. */
async function twoCards(): Promise<Card[]> {
  const folder = await temporaryFolder();
  const cards: Card[] = [];
  const manifests: string[] = [];
  for (const slot of ["01", "02"]) {
    const copy = join(folder, `driver-${slot}.so`);
    await cp(library, copy);
    const manifest = join(folder, `driver-${slot}.json`);
    const icd = { file_format_version: "1.0.0", ICD: { library_path: copy, api_version: "1.0.5" } };
    await writeFile(manifest, JSON.stringify(icd));
    manifests.push(manifest);
    cards.push({ address: `0000:${slot}:00.0`, vendor: "0x1ae0", nodes: [copy], memoryBytes: 2 ** 30 });
  }
  // The loader uses these instead of the server's own drivers.
  process.env["VK_DRIVER_FILES"] = manifests.join(":");
  return cards;
}

async function opened(cards: Card[], directory: string): Promise<Host[]> {
  const database = await openDatabase({ url: undefined, directory });
  const found = await findGpus({ software: true, log, cards });
  const hosts = await openHostsOf({ db: database.db, log, found });
  await database.close();
  onTestFinished(async () => void (await Promise.all(hosts.map((host) => host.close()))));
  return hosts;
}

/** Which driver each child process of this one has loaded. */
async function loadedDrivers(cards: Card[]): Promise<string[]> {
  const children = spawnSync("pgrep", ["-P", String(process.pid)])
    .stdout.toString()
    .trim()
    .split("\n");
  const maps = await Promise.all(children.map((pid) => readFile(`/proc/${pid}/maps`, "utf8").catch(() => "")));
  return maps
    .map((text) => text.split("\n").filter((line) => line.split(" ")[1]?.includes("x")))
    .map((code) => cards.filter(({ nodes: [library] }) => code.some((line) => line.endsWith(library!))))
    .map((found) => found.map(({ address }) => address))
    .filter((addresses) => addresses.length > 0)
    .map((addresses) => addresses.join())
    .sort();
}

test.skipIf(!canHide)("two GPUs of one name are two hosts on two devices, under uuids that stay", async () => {
  const cards = await twoCards();
  const directory = await temporaryFolder();
  const hosts = await opened(cards, directory);
  expect(hosts).toHaveLength(2);
  expect(new Set(hosts.map(({ uuid }) => uuid)).size).toBe(2);
  expect(hosts[0]).toMatchObject({ type: "gpu", name: hosts[1]!.name, device: hosts[1]!.device });
  for (const host of hosts) expect(await host.status()).toMatchObject({ clusters: 0, memoryBytesTotal: 2 ** 30 });
  // Each process loaded one driver, and not the other's.
  expect(await loadedDrivers(cards)).toEqual(["0000:01:00.0", "0000:02:00.0"]);
  const uuids = hosts.map(({ uuid }) => uuid);
  for (const host of hosts) await host.close();

  expect((await opened(cards, directory)).map(({ uuid }) => uuid)).toEqual(uuids);
});

test("GPUs of one name that cannot be distinguished are one host", async () => {
  await twoCards();
  const found = await findGpus({ software: true, log, cards: [] });
  expect(found).toMatchObject([{ namesakes: 2, hidden: [], address: null }]);
});

test.skipIf(!canHide)("the process cannot open a hidden device, but it can open other ones", async () => {
  const script = join(await temporaryFolder(), "look.mjs");
  await writeFile(
    script,
    `import { openSync } from "node:fs";
     const tried = ["/dev/zero", "/dev/full"].map((path) => { try { openSync(path); return "open"; } catch (error) { return error.code; } });
     process.send(tried, () => process.disconnect());`,
  );
  const child = forkProcess(new URL(`file://${script}`), {}, { hidden: ["/dev/zero"], stderr: "inherit" });
  const tried = await new Promise((resolve) => child.on("message", resolve));
  expect(tried).toEqual(["EACCES", "open"]);
});

test("a file that cannot be hidden ends the process before our script runs", async () => {
  const child = forkProcess(new URL("file:///no/script.mjs"), {}, { hidden: ["/no/such/device"], stderr: "pipe" });
  const ended = await new Promise((resolve) => {
    child.on("error", () => resolve("not started"));
    child.on("exit", resolve);
  });
  expect([125, 1, "not started"]).toContain(ended);
});

/** The parts of a Linux file system that describe its cards, laid out like the kernel's. */
async function machine(): Promise<string> {
  const root = await temporaryFolder();
  const put = async (path: string, text: string) => {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  };
  const device = async (address: string, vendor: string, nodes: string[]) => {
    await put(`sys/devices/pci0000:00/${address}/vendor`, `${vendor}\n`);
    for (const node of nodes) await put(`sys/devices/pci0000:00/${address}/drm/${node}/dev`, "226:0\n");
    await mkdir(join(root, "sys/bus/pci/devices"), { recursive: true });
    await symlink(join(root, `sys/devices/pci0000:00/${address}`), join(root, "sys/bus/pci/devices", address));
  };
  await device("0000:41:00.0", "0x10de", []);
  await put("proc/driver/nvidia/gpus/0000:41:00.0/information", "Model: \t\t NVIDIA H200\nDevice Minor: \t 1\n");
  await device("0000:01:00.0", "0x10de", ["card1", "renderD129"]);
  await put("proc/driver/nvidia/gpus/0000:01:00.0/information", "Model: \t\t NVIDIA H200\nDevice Minor: \t 0\n");
  await device("0000:c1:00.0", "0x1002", ["card2", "renderD130"]);
  await put("sys/devices/pci0000:00/0000:c1:00.0/mem_info_vram_total", "17163091968\n");
  // A network card, and a GPU that this container was not given.
  await device("0000:02:00.0", "0x8086", []);
  await device("0000:81:00.0", "0x10de", ["card3"]);
  for (const node of ["nvidia0", "nvidia1", "dri/card1", "dri/renderD129", "dri/card2", "dri/renderD130"])
    await put(`dev/${node}`, "");
  return root;
}

test("cards, their device files and their memory are read from the kernel, in the order of their addresses", async () => {
  const root = await machine();
  const cards = await listCards(root);
  const shown = cards.map(({ address, vendor, nodes }) => [
    address,
    vendor,
    nodes.map((node) => basename(node)).sort(),
  ]);
  expect(shown).toEqual([
    ["0000:01:00.0", "0x10de", ["card1", "nvidia0", "renderD129"]],
    ["0000:41:00.0", "0x10de", ["nvidia1"]],
    ["0000:c1:00.0", "0x1002", ["card2", "renderD130"]],
  ]);
  expect(cards[2]?.memoryBytes).toBe(17_163_091_968);
  expect(await listCards(join(root, "nowhere"))).toEqual([]);
});
