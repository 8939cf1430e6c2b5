import { hostname } from "node:os";
import { join } from "node:path";
import { linuxRoots, listFolder, readNumber, type SensorRoots } from "./read-sensors.ts";

/** Clocks in MHz, power in W; 0 where the machine does not report them. */
export interface SystemInfo {
  has_hyperthreading: boolean;
  hostname: string;
  packages: {
    id: number;
    power: number;
    thermal_spec: number;
    cores: {
      id: number;
      current_maximum_speed: number;
      current_minimum_speed: number;
      current_speed: number;
      maximum_speed: number;
      minimum_speed: number;
      threads: { id: number }[];
    }[];
  }[];
}

type Package = SystemInfo["packages"][number];

/** Sockets, cores and threads of the machine. `powerWatts` is the total power of all sockets. */
export async function readSystemInfo(powerWatts: number, roots: SensorRoots = linuxRoots): Promise<SystemInfo> {
  const folder = join(roots.sys, "devices/system/cpu");
  const threads = (await listFolder(folder))
    .map((name) => /^cpu([0-9]+)$/.exec(name)?.[1])
    .filter((id) => id !== undefined)
    .map(Number)
    .sort((a, b) => a - b);

  const packages = new Map<number, Package>();
  for (const thread of threads) {
    const file = (name: string) => readNumber(join(folder, `cpu${thread}`, name));
    const megahertz = async (name: string) => ((await file(`cpufreq/${name}`)) ?? 0) / 1000;
    // An offline thread has no topology.
    const packageId = await file("topology/physical_package_id");
    const coreId = await file("topology/core_id");
    if (packageId === undefined || coreId === undefined) continue;

    const found = packages.get(packageId) ?? {
      id: packageId,
      power: 0,
      thermal_spec: await thermalSpecWatts(packageId, roots),
      cores: [],
    };
    packages.set(packageId, found);
    const core = found.cores.find((candidate) => candidate.id === coreId);
    if (core !== undefined) {
      core.threads.push({ id: thread });
      continue;
    }
    found.cores.push({
      id: coreId,
      current_maximum_speed: await megahertz("scaling_max_freq"),
      current_minimum_speed: await megahertz("scaling_min_freq"),
      current_speed: await megahertz("scaling_cur_freq"),
      maximum_speed: await megahertz("cpuinfo_max_freq"),
      minimum_speed: await megahertz("cpuinfo_min_freq"),
      threads: [{ id: thread }],
    });
  }

  const all = [...packages.values()].sort((a, b) => a.id - b.id);
  for (const each of all) each.power = powerWatts / all.length;
  return {
    has_hyperthreading: all.some((each) => each.cores.some((core) => core.threads.length > 1)),
    hostname: hostname(),
    packages: all,
  };
}

async function thermalSpecWatts(packageId: number, roots: SensorRoots): Promise<number> {
  const zone = join(roots.sys, "class/powercap", `intel-rapl:${packageId}`);
  return ((await readNumber(join(zone, "constraint_0_max_power_uw"))) ?? 0) / 1e6;
}
