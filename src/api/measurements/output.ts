import { z } from "zod";

/** Oldest first; zeros before the first measurement. */
export const ringsOutput = z.object({
  seconds: z.array(z.number()),
  minutes: z.array(z.number()),
  hours: z.array(z.number()),
  days: z.array(z.number()),
});
