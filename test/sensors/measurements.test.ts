import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Rings } from "../../src/sensors/rings.ts";
import {
  findSensors,
  readEnergyMicrojoules,
  readSpeedMhz,
  readTemperatureCelsius,
  type SensorRoots,
} from "../../src/sensors/read-sensors.ts";
import { readSystemInfo } from "../../src/sensors/system-info.ts";
import { readThreadMap } from "../../src/sensors/thread-map.ts";

describe("rings", () => {
  const zeros = (length: number) => Array.from({ length }, () => 0);

  test("are filled with zeros at first", () => {
    expect(new Rings().view()).toEqual({ seconds: zeros(60), minutes: zeros(60), hours: zeros(24), days: zeros(365) });
  });

  test("show the oldest first", () => {
    const rings = new Rings();
    for (let sample = 1; sample <= 61; sample++) rings.add(sample);
    const { seconds, minutes } = rings.view();
    expect([seconds[0], seconds[59]]).toEqual([2, 61]);
    // One full round: the mean of 1 … 60.
    expect([minutes[58], minutes[59]]).toEqual([0, 30.5]);
  });

  test("each level holds the means of full rounds of the level below", () => {
    const rings = new Rings();
    const day = 60 * 60 * 24;
    for (let second = 0; second < day; second++) rings.add(Math.floor(second / 3600));
    const { hours, days } = rings.view();
    expect(hours).toEqual(Array.from({ length: 24 }, (_, hour) => hour));
    expect([days[363], days[364]]).toEqual([0, 11.5]);
    rings.add(7);
    expect(rings.view().days[364]).toBe(11.5);
  });
});

describe("sensors", () => {
  let root: string;
  let roots: SensorRoots;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "hanami-sensors-"));
    roots = { sys: join(root, "sys"), proc: join(root, "proc") };
  });
  afterEach(() => rm(root, { recursive: true }));

  async function put(files: Record<string, string>) {
    for (const [name, content] of Object.entries(files)) {
      await mkdir(dirname(join(root, name)), { recursive: true });
      await writeFile(join(root, name), `${content}\n`);
    }
  }

  test("no sensor is available", async () => {
    const files = await findSensors(roots);
    expect(await readSpeedMhz(files)).toBeUndefined();
    expect(await readTemperatureCelsius(files)).toBeUndefined();
    expect(await readEnergyMicrojoules(files)).toEqual(new Map());
    expect(await readSystemInfo(0, roots)).toMatchObject({ has_hyperthreading: false, packages: [] });
    expect(await readThreadMap(roots)).toEqual({});
  });

  test("clock, temperature and energy", async () => {
    await put({
      "sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq": "1000000",
      "sys/devices/system/cpu/cpu1/cpufreq/scaling_cur_freq": "3000000",
      "sys/devices/system/cpu/cpufreq/policy0/scaling_cur_freq": "9000000",
      "sys/class/hwmon/hwmon0/name": "nvme",
      "sys/class/hwmon/hwmon0/temp1_input": "90000",
      "sys/class/hwmon/hwmon1/name": "coretemp",
      "sys/class/hwmon/hwmon1/temp1_input": "41500",
      "sys/class/powercap/intel-rapl:0/energy_uj": "5000000",
      "sys/class/powercap/intel-rapl:0:0/energy_uj": "1",
      "sys/class/powercap/intel-rapl:1/energy_uj": "x",
    });
    const files = await findSensors(roots);
    expect(await readSpeedMhz(files)).toBe(2000);
    expect(await readTemperatureCelsius(files)).toBe(41.5);
    expect(await readEnergyMicrojoules(files)).toEqual(new Map([["intel-rapl:0", 5e6]]));
    await rm(join(root, "sys/class/hwmon/hwmon1"), { recursive: true });
    expect(await readTemperatureCelsius(files)).toBeUndefined();
    await put({ "proc/cpuinfo": "processor\t: 0\ncpu MHz\t\t: 2500.5\n\nprocessor\t: 1\ncpu MHz\t\t: 2501.5" });
    expect(await readSpeedMhz(files)).toBe(2000);
    expect(await readSpeedMhz(await findSensors(roots))).toBe(2501);
  });

  test("sockets, cores and threads", async () => {
    const cpu = (id: number, socket: number, core: number) => ({
      [`sys/devices/system/cpu/cpu${id}/topology/physical_package_id`]: String(socket),
      [`sys/devices/system/cpu/cpu${id}/topology/core_id`]: String(core),
      [`sys/devices/system/cpu/cpu${id}/cpufreq/cpuinfo_max_freq`]: "4000000",
    });
    await put({ ...cpu(0, 0, 0), ...cpu(1, 1, 0), ...cpu(2, 0, 0), ...cpu(10, 1, 0) });
    await mkdir(join(roots.sys, "devices/system/cpu/cpu3"));
    const { has_hyperthreading, packages } = await readSystemInfo(30, roots);
    expect(has_hyperthreading).toBe(true);
    expect(packages.map(({ id, power }) => [id, power])).toEqual([
      [0, 15],
      [1, 15],
    ]);
    expect(packages[0]?.cores).toEqual([
      {
        id: 0,
        current_maximum_speed: 0,
        current_minimum_speed: 0,
        current_speed: 0,
        maximum_speed: 4000,
        minimum_speed: 0,
        threads: [{ id: 0 }, { id: 2 }],
      },
    ]);
    expect(packages[1]?.cores[0]?.threads).toEqual([{ id: 1 }, { id: 10 }]);
  });

  test("threads of one name are numbered", async () => {
    const status = (name: string, cpus: string) => `Name:\t${name}\nState:\tS\nCpus_allowed_list:\t${cpus}`;
    await put({
      "proc/self/task/10/status": status("main", "0-2,5"),
      "proc/self/task/11/status": status("worker", "0"),
      "proc/self/task/12/status": status("worker", "1"),
    });
    expect(await readThreadMap(roots)).toEqual({ main: [0, 1, 2, 5], worker_0: [0], worker_1: [1] });
  });
});
