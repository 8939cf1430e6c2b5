import { z } from "zod";
import { learntColumns } from "../../clusters/learnt-columns.ts";
import { fields } from "../fields.ts";
import { route } from "../route.ts";

export const getClusterColumns = route({
  method: "GET",
  path: "/cluster/columns",
  summary: "Show the columns that a cluster's tables, classes and numbers have learnt; null before the first training.",
  input: z.object({ uuid: fields.uuid }),
  output: z.object({
    inputs: z.array(
      z.object({
        hexagon_name: z.string(),
        columns: z
          .array(z.object({ name: z.string(), kind: z.enum(["number", "category", "time", "empty"]) }))
          .nullable(),
      }),
    ),
    outputs: z.array(
      z.object({
        hexagon_name: z.string(),
        kind: z.enum(["class", "number"]),
        column: z.string().nullable(),
        classes: z.array(z.string()),
      }),
    ),
  }),
  errors: {
    404: ["Cluster with uuid '{uuid}' not found"],
  },
  handler: (context, { uuid }) => learntColumns(context, uuid),
});
