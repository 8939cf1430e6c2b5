import { readFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** Folders in which Linux exposes the machine's sensors; a test may use its own folders. */
export interface SensorRoots {
  sys: string;
  proc: string;
}

export const linuxRoots: SensorRoots = { sys: "/sys", proc: "/proc" };

/** The trimmed text of a small file; undefined when it cannot be read (no such sensor, or no permission). */
export async function readText(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, "utf8")).trim();
  } catch {
    return undefined;
  }
}

function readTextAtOnce(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/** The number in such a file; undefined when there is none. */
export async function readNumber(path: string): Promise<number | undefined> {
  const text = await readText(path);
  const value = text === undefined || text === "" ? Number.NaN : Number(text);
  return Number.isFinite(value) ? value : undefined;
}

export async function listFolder(path: string): Promise<string[]> {
  try {
    return (await readdir(path)).sort();
  } catch {
    return [];
  }
}

/** The files that show the machine's clock, temperature and energy. */
export interface SensorFiles {
  /** The list of processors, if it shows their clocks. */
  cpuinfo: string | undefined;
  /** Reading that list takes a fraction of a millisecond. */
  isCpuinfoShort: boolean;
  /** Otherwise one file per core, in kHz. */
  clocks: string[];
  /** One file per processor, in m°C. */
  temperatures: string[];
  /** One file per socket, in µJ, by the name of its zone. */
  energies: Map<string, string>;
}

/** Drivers whose first temperature is the processor's. */
const cpuDrivers = new Set(["coretemp", "k10temp", "zenpower", "cpu_thermal"]);

const clockLines = /^cpu MHz\s*:\s*([0-9.]+)$/gm;

/** Length of the list for about thirty processors. */
const shortCpuinfo = 64 * 1024;

/** Looks for sensors, which takes many times as long as reading them. */
export async function findSensors({ sys, proc }: SensorRoots): Promise<SensorFiles> {
  const cpuinfo = join(proc, "cpuinfo");
  const processors = (await readText(cpuinfo)) ?? "";
  const cpus = (await listFolder(join(sys, "devices/system/cpu"))).filter((name) => /^cpu[0-9]+$/.test(name));
  const temperatures: string[] = [];
  for (const monitor of await listFolder(join(sys, "class/hwmon"))) {
    const driver = await readText(join(sys, "class/hwmon", monitor, "name"));
    if (driver !== undefined && cpuDrivers.has(driver)) {
      temperatures.push(join(sys, "class/hwmon", monitor, "temp1_input"));
    }
  }
  // `intel-rapl:0` is a socket, `intel-rapl:0:1` a part of it, e.g. its memory.
  const zones = (await listFolder(join(sys, "class/powercap"))).filter((zone) => /^intel-rapl:[0-9]+$/.test(zone));
  return {
    cpuinfo: processors.search(clockLines) >= 0 ? cpuinfo : undefined,
    isCpuinfoShort: processors.length < shortCpuinfo,
    // Processors other than x86 have one file per core.
    clocks: cpus.map((cpu) => join(sys, "devices/system/cpu", cpu, "cpufreq/scaling_cur_freq")),
    temperatures,
    energies: new Map(zones.map((zone) => [zone, join(sys, "class/powercap", zone, "energy_uj")])),
  };
}

function mean(values: (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length > 0 ? known.reduce((sum, value) => sum + value, 0) / known.length : undefined;
}

const meanOfFiles = async (files: string[]) => mean(await Promise.all(files.map(readNumber)));

/** Mean clock of all cores in MHz. */
export async function readSpeedMhz(files: SensorFiles): Promise<number | undefined> {
  const { cpuinfo, isCpuinfoShort, clocks } = files;
  if (cpuinfo !== undefined) {
    // Through the thread pool, reading takes three times the processor time, which is a third of an idle server's.
    const processors = isCpuinfoShort ? readTextAtOnce(cpuinfo) : await readText(cpuinfo);
    return mean(Array.from((processors ?? "").matchAll(clockLines), (match) => Number(match[1])));
  }
  const kilohertz = await meanOfFiles(clocks);
  return kilohertz === undefined ? undefined : kilohertz / 1000;
}

/** Mean temperature of the processors in °C. */
export async function readTemperatureCelsius({ temperatures }: SensorFiles): Promise<number | undefined> {
  const millidegrees = await meanOfFiles(temperatures);
  return millidegrees === undefined ? undefined : millidegrees / 1000;
}

/** Energy used by each socket, in µJ; the counters wrap around. */
export async function readEnergyMicrojoules(files: SensorFiles): Promise<Map<string, number>> {
  const energies = new Map<string, number>();
  for (const [zone, file] of files.energies) {
    const energy = await readNumber(file);
    if (energy !== undefined) energies.set(zone, energy);
  }
  return energies;
}
