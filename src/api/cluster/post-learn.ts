import { z } from "zod";
import { learnRows } from "../../clusters/learn-rows.ts";
import { fields } from "../fields.ts";
import { ROW_ITEMS_MAX } from "../json-items.ts";
import { route } from "../route.ts";
import { rowErrors, rowsInput } from "./rows.ts";

export const postClusterLearn = route({
  method: "POST",
  path: "/cluster/learn",
  summary: "Learn rows with their targets, in order, and with `predict` answer each of them before.",
  input: z.object({
    cluster_uuid: fields.uuid,
    rows: rowsInput,
    predict: z.boolean().default(false),
    targets: z.record(z.string(), z.unknown()).default({}),
  }),
  output: z.object({
    header: z.array(z.string()).optional(),
    rows: z.array(z.unknown()).optional(),
    learnt: z.int(),
    warnings: z.array(z.string()),
  }),
  itemsMax: ROW_ITEMS_MAX,
  errors: {
    ...rowErrors,
    400: [
      ...rowErrors[400],
      "The rows have no column '{name}', which output '{name}' learns",
      "The rows have no columns besides the targets",
      "The first rows decide how columns are coded: send at least {number} of them, or train with a dataset first",
    ],
  },
  handler: (context, input) => learnRows(context, input),
});
