import { z } from "zod";
import { readSystemInfo } from "../../sensors/system-info.ts";
import { route } from "../route.ts";

const coreOutput = z.object({
  current_maximum_speed: z.number(),
  current_minimum_speed: z.number(),
  current_speed: z.number(),
  id: z.int(),
  maximum_speed: z.number(),
  minimum_speed: z.number(),
  threads: z.array(z.object({ id: z.int() })),
});

const packageOutput = z.object({
  cores: z.array(coreOutput),
  id: z.int(),
  power: z.number(),
  thermal_spec: z.number(),
});

export const getSystemInfo = route({
  method: "GET",
  path: "/system_info",
  summary: "Processors, cores and threads of the machine.",
  input: z.object({}),
  output: z.object({
    info: z.object({ has_hyperthreading: z.boolean(), hostname: z.string(), packages: z.array(packageOutput) }),
  }),
  handler: async ({ app }) => ({ info: await readSystemInfo(app.measurements.power().values.seconds.at(-1) ?? 0) }),
});
