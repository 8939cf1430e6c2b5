import type { Session } from "../session.ts";

/** Values per second, and means per minute, hour and day, oldest first. */
export interface Measurements {
  seconds: number[];
  minutes: number[];
  hours: number[];
  days: number[];
}

interface Core {
  id: number;
  current_speed: number;
  minimum_speed: number;
  maximum_speed: number;
  current_minimum_speed: number;
  current_maximum_speed: number;
  threads: { id: number }[];
}

export interface SystemInfo {
  hostname: string;
  has_hyperthreading: boolean;
  packages: { id: number; power: number; thermal_spec: number; cores: Core[] }[];
}

/** The machine on which the server runs. */
export class System {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  info(): Promise<SystemInfo> {
    return this.#read("/system_info", "info");
  }

  /** Names of the server's threads, and the cores on which each may run. */
  threading(): Promise<Record<string, number[]>> {
    return this.#read("/threading", "thread_map");
  }

  /** Watt. */
  powerConsumption(): Promise<Measurements> {
    return this.#read("/power_consumption", "power");
  }

  /** Degrees Celsius. */
  temperature(): Promise<Measurements> {
    return this.#read("/temperature_production", "temperature");
  }

  /** Clock of the processor in MHz. */
  speed(): Promise<Measurements> {
    return this.#read("/speed", "current_speed");
  }

  async #read<T>(path: string, key: string): Promise<T> {
    const answer = (await this.#session.request("GET", path, {})) as Record<string, T>;
    return answer[key] as T;
  }
}
