import { z } from "zod";

/** Scores of some samples; those that are not defined are absent. */
export const scoreFields = {
  loss: z.number().optional(),
  accuracy: z.number().optional(),
  error: z.number().optional(),
};

/** The same of each output, by its name. */
export const namedScores = z.record(z.string(), z.object(scoreFields));
