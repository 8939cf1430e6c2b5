import { z } from "zod";
import { route } from "../route.ts";
import { ringsOutput } from "./output.ts";

export const getPowerConsumption = route({
  method: "GET",
  path: "/power_consumption",
  summary: "Power of all processors over time, in W.",
  input: z.object({}),
  output: z.object({ available: z.boolean(), power: ringsOutput }),
  handler: async ({ app }) => {
    const { available, values } = app.measurements.power();
    return { available, power: values };
  },
});
