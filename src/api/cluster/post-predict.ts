import { z } from "zod";
import { predictRows } from "../../clusters/predict-rows.ts";
import { fields } from "../fields.ts";
import { ROW_ITEMS_MAX } from "../json-items.ts";
import { route } from "../route.ts";
import { rowErrors, rowsInput } from "./rows.ts";

export const postClusterPredict = route({
  method: "POST",
  path: "/cluster/predict",
  summary: "Answer rows, as objects by column name or as arrays, without a task or dataset.",
  input: z.object({ cluster_uuid: fields.uuid, rows: rowsInput }),
  output: z.object({
    /** Only for rows that are arrays. */
    header: z.array(z.string()).optional(),
    rows: z.array(z.unknown()),
    warnings: z.array(z.string()),
  }),
  errors: rowErrors,
  itemsMax: ROW_ITEMS_MAX,
  handler: (context, input) => predictRows(context, input),
});
