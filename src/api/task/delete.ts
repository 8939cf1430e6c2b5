import { z } from "zod";
import { deleteTask } from "../../tasks/delete-task.ts";
import { fields } from "../fields.ts";
import { route } from "../route.ts";

export const deleteTaskRoute = route({
  method: "DELETE",
  path: "/task",
  summary: "Remove a task; a running one is aborted instead.",
  input: z.object({ uuid: fields.uuid, cluster_uuid: fields.uuid }),
  output: z.object({}),
  errors: {
    404: ["Cluster with uuid '{uuid}' not found", "Task with UUID '{uuid}'not found in Cluster with UUID '{uuid}"],
  },
  handler: async (context, input) => {
    await deleteTask(context, input);
    return {};
  },
});
