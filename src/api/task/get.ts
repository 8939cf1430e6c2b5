import { z } from "zod";
import { getTask } from "../../tasks/get-task.ts";
import { fields } from "../fields.ts";
import { route } from "../route.ts";
import { taskOutput, toTaskBody } from "./output.ts";

export const getTaskRoute = route({
  method: "GET",
  path: "/task",
  summary: "Show a task and its progress.",
  input: z.object({ uuid: fields.uuid, cluster_uuid: fields.uuid }),
  output: taskOutput,
  errors: {
    404: ["Cluster with uuid '{uuid}' not found", "Task with UUID '{uuid}'not found in Cluster with UUID '{uuid}"],
  },
  handler: async (context, input) => toTaskBody(await getTask(context, input)),
});
