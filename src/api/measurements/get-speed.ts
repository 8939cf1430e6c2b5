import { z } from "zod";
import { route } from "../route.ts";
import { ringsOutput } from "./output.ts";

export const getSpeed = route({
  method: "GET",
  path: "/speed",
  summary: "Mean clock of the processors over time, in MHz.",
  input: z.object({}),
  output: z.object({ available: z.boolean(), current_speed: ringsOutput }),
  handler: async ({ app }) => {
    const { available, values } = app.measurements.speed();
    return { available, current_speed: values };
  },
});
