import type { Command } from "commander";
import type { Measurements, SystemInfo } from "hanami-sdk";
import { addCommand, addGroup, run } from "../command.ts";
import { listTable, objectTable } from "../output/views.ts";

const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);

function infoTable({ hostname, has_hyperthreading, packages }: SystemInfo): string {
  const cores = packages.flatMap((each) => each.cores);
  const summary = {
    hostname,
    packages: packages.length,
    cores: cores.length,
    threads: sum(cores.map((core) => core.threads.length)),
    has_hyperthreading,
  };
  return objectTable(summary, Object.keys(summary));
}

function threadTable(threads: Record<string, number[]>): string {
  const header = ["thread", "cores"];
  return listTable({ header, body: Object.entries(threads).sort(([a], [b]) => (a < b ? -1 : 1)) }, header);
}

/** Each level holds means of the previous level. */
const LEVELS = ["seconds", "minutes", "hours", "days"] as const;

function measurementTable(values: Measurements): string {
  const header = ["period", "latest", "highest"];
  const body = LEVELS.map((level) => {
    const ring = values[level];
    return [level, (ring.at(-1) ?? 0).toFixed(1), ring.reduce((a, b) => Math.max(a, b), 0).toFixed(1)];
  });
  return listTable({ header, body }, header);
}

const measurements = [
  { name: "power", description: "Show the processors' power in W", path: "/power_consumption", key: "power" },
  {
    name: "temperature",
    description: "Show the temperature in °C",
    path: "/temperature_production",
    key: "temperature",
  },
  { name: "speed", description: "Show the processors' clock in MHz", path: "/speed", key: "current_speed" },
];

/** `hanamictl system …` */
export function addSystemCommands(program: Command): void {
  const group = addGroup(program, "system", "Look at the machine that the server runs on");

  addCommand(group, "info", "Show processors, cores and threads").action(
    run(async ({ print, connect }) => {
      const client = await connect();
      const answer = (await client.request("GET", "/system_info")) as { info: SystemInfo };
      print.custom(answer, () => infoTable(answer.info));
    }),
  );

  addCommand(group, "threads", "Show the server's threads and the cores that each may use").action(
    run(async ({ print, connect }) => {
      const client = await connect();
      const answer = (await client.request("GET", "/threading")) as { thread_map: Record<string, number[]> };
      print.custom(answer, () => threadTable(answer.thread_map));
    }),
  );

  for (const { name, description, path, key } of measurements) {
    addCommand(group, name, description).action(
      run(async ({ print, connect }) => {
        const client = await connect();
        const answer = (await client.request("GET", path)) as { available?: boolean };
        const values = (answer as Record<string, unknown>)[key] as Measurements;
        print.custom(answer, () =>
          answer.available === false ? "This machine has no such sensor.\n" : measurementTable(values),
        );
      }),
    );
  }
}
