import { z } from "zod";
import { listDatasets } from "../../datasets/list-datasets.ts";
import { listOutput, listResponse } from "../list.ts";
import { route } from "../route.ts";
import { formatTimestamp } from "../../server/timestamp.ts";

/** `name` must stay last and `uuid` second: clients find both by position. */
const header = ["created_at", "uuid", "project_id", "owner_id", "visibility", "type", "name"];

export const listDatasetsRoute = route({
  method: "GET",
  path: "/dataset/all",
  summary: "List the visible datasets.",
  input: z.object({}),
  output: listOutput,
  handler: async (context) => {
    const rows = await listDatasets(context);
    return listResponse(header, rows, (row) => [
      formatTimestamp(row.created_at),
      row.uuid,
      row.project_id,
      row.owner_id,
      row.visibility,
      row.type,
      row.name,
    ]);
  },
});
