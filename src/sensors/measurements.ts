import { Rings, type RingsView } from "./rings.ts";
import {
  findSensors,
  linuxRoots,
  readEnergyMicrojoules,
  readSpeedMhz,
  readTemperatureCelsius,
  type SensorFiles,
  type SensorRoots,
} from "./read-sensors.ts";

export interface Measurement {
  /** False until this machine has shown such a sensor; the values are zeros then. */
  available: boolean;
  values: RingsView;
}

/** Power in W (all sockets together), temperature in °C and clock in MHz, sampled once a second. */
export interface Measurements {
  power(): Measurement;
  temperature(): Measurement;
  speed(): Measurement;
  close(): Promise<void>;
}

const periodMs = 1000;
/** Sensors that appear later, because a driver was loaded, are found after at most this many samples. */
const samplesBetweenSearches = 60;

/** Power between two readings of the energy counters, in W; undefined when no counter has two readings. */
function powerWatts(before: Map<string, number>, now: Map<string, number>, elapsedMs: number): number | undefined {
  let microjoules: number | undefined;
  for (const [zone, energy] of now) {
    const last = before.get(zone);
    // A counter that wrapped around says nothing about this second.
    if (last === undefined || energy < last) continue;
    microjoules = (microjoules ?? 0) + energy - last;
  }
  return microjoules === undefined ? undefined : microjoules / 1e6 / (elapsedMs / 1000);
}

/** Starts sampling. Missing or unreadable sensors are no error. */
export function startMeasurements(roots: SensorRoots = linuxRoots): Measurements {
  const power = { rings: new Rings(), available: false };
  const temperature = { rings: new Rings(), available: false };
  const speed = { rings: new Rings(), available: false };
  let energies = new Map<string, number>();
  let lastMs = performance.now();
  let files: SensorFiles;
  let samples = 0;

  const record = (target: typeof power, sample: number | undefined) => {
    if (sample !== undefined) target.available = true;
    target.rings.add(sample ?? 0);
  };

  const sample = async () => {
    if (samples++ % samplesBetweenSearches === 0) files = await findSensors(roots);
    const [energiesNow, celsius, megahertz] = await Promise.all([
      readEnergyMicrojoules(files),
      readTemperatureCelsius(files),
      readSpeedMhz(files),
    ]);
    const nowMs = performance.now();
    record(power, powerWatts(energies, energiesNow, nowMs - lastMs));
    record(temperature, celsius);
    record(speed, megahertz);
    energies = energiesNow;
    lastMs = nowMs;
  };

  let running = sample();
  const timer = setInterval(() => {
    // Chained, so that two samples never overlap on a stalled machine.
    running = running.then(sample);
  }, periodMs);
  timer.unref();

  const view = ({ rings, available }: typeof power): Measurement => ({ available, values: rings.view() });
  return {
    power: () => view(power),
    temperature: () => view(temperature),
    speed: () => view(speed),
    close: async () => {
      clearInterval(timer);
      await running;
    },
  };
}
