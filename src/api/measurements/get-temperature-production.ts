import { z } from "zod";
import { route } from "../route.ts";
import { ringsOutput } from "./output.ts";

export const getTemperatureProduction = route({
  method: "GET",
  path: "/temperature_production",
  summary: "Temperature of the processors over time, in °C.",
  input: z.object({}),
  output: z.object({ available: z.boolean(), temperature: ringsOutput }),
  handler: async ({ app }) => {
    const { available, values } = app.measurements.temperature();
    return { available, temperature: values };
  },
});
