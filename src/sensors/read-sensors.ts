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

const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const isNumber = (value: number | undefined): value is number => value !== undefined;

/** Mean clock of all cores in MHz. */
export async function readSpeedMhz(roots: SensorRoots): Promise<number | undefined> {
  const info = await readText(join(roots.proc, "cpuinfo"));
  const clocks = [...(info ?? "").matchAll(/^cpu MHz\s*:\s*([0-9.]+)$/gm)].map((match) => Number(match[1]));
  if (clocks.length > 0) return mean(clocks);
  // Processors other than x86 have one file per core.
  const cpus = (await listFolder(join(roots.sys, "devices/system/cpu"))).filter((name) => /^cpu[0-9]+$/.test(name));
  const kilohertz = await Promise.all(
    cpus.map((cpu) => readNumber(join(roots.sys, "devices/system/cpu", cpu, "cpufreq/scaling_cur_freq"))),
  );
  const known = kilohertz.filter(isNumber);
  return known.length > 0 ? mean(known) / 1000 : undefined;
}

/** Drivers whose first temperature is the processor's. */
const cpuDrivers = new Set(["coretemp", "k10temp", "zenpower", "cpu_thermal"]);

/** Mean temperature of the processors in °C. */
export async function readTemperatureCelsius(roots: SensorRoots): Promise<number | undefined> {
  const folder = join(roots.sys, "class/hwmon");
  const millidegrees: number[] = [];
  for (const monitor of await listFolder(folder)) {
    const driver = await readText(join(folder, monitor, "name"));
    if (driver === undefined || !cpuDrivers.has(driver)) continue;
    const value = await readNumber(join(folder, monitor, "temp1_input"));
    if (value !== undefined) millidegrees.push(value);
  }
  return millidegrees.length > 0 ? mean(millidegrees) / 1000 : undefined;
}

/** Energy used by each socket, in µJ; the counters wrap around. */
export async function readEnergyMicrojoules(roots: SensorRoots): Promise<Map<string, number>> {
  const folder = join(roots.sys, "class/powercap");
  const energies = new Map<string, number>();
  for (const zone of await listFolder(folder)) {
    // `intel-rapl:0` is a socket, `intel-rapl:0:1` a part of it, e.g. its memory.
    if (!/^intel-rapl:[0-9]+$/.test(zone)) continue;
    const energy = await readNumber(join(folder, zone, "energy_uj"));
    if (energy !== undefined) energies.set(zone, energy);
  }
  return energies;
}
