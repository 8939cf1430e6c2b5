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
      "'targets' has '{name}', which is no output of a class or number",
      "'targets' has no name of a column for output '{name}'",
      "Output '{name}' has learnt column '{name}', not '{name}'",
      "'{name}' has {number} values, but an {port} may have {number} after encoding",
      "The target '{name}' {reason}",
      "A class of '{name}' has more than {number} characters: '{text}'",
      "The encoders {reason}",
      "inputs.{reason}",
      "outputs.{reason}",
      "{reason}. {number} rows of this call were learnt",
      "The first rows decide how columns are coded: send at least {number} of them, or train with a dataset first",
    ],
    409: [
      ...rowErrors[409],
      "The cluster is about to learn a table in a task",
      "Rows that were learnt after the last save were lost with their host: learn them again",
      "The network fell back to its last snapshot. {news}",
      "{reason}. {number} rows of this call were learnt",
      "{reason}. {number} rows of this call were learnt, but those after the last save are lost",
      "{reason}. {number} rows of this call were learnt, and rows of earlier calls may be lost",
    ],
  },
  handler: (context, input) => learnRows(context, input),
});
