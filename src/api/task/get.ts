import { z } from "zod";
import { waitForTask } from "../../tasks/wait-for-task.ts";
import { fields } from "../fields.ts";
import { route } from "../route.ts";
import { toTaskBody } from "../../tasks/task-body.ts";
import { taskOutput } from "./output.ts";

/** Proxies cut off a connection that has been silent for a minute. */
const WAIT_SECONDS_MAX = 50;

export const getTaskRoute = route({
  method: "GET",
  path: "/task",
  summary: "Show a task and its progress. With `wait`, answers when its state changes, or after so many seconds.",
  input: z.object({
    uuid: fields.uuid,
    cluster_uuid: fields.uuid,
    wait: z.number().min(0).max(WAIT_SECONDS_MAX).default(0),
  }),
  output: taskOutput,
  errors: {
    409: ["Too many clients wait for tasks."],
    404: ["Cluster with uuid '{uuid}' not found", "Task with UUID '{uuid}'not found in Cluster with UUID '{uuid}"],
  },
  handler: async (context, input, client) => toTaskBody(await waitForTask(context, input, client)),
});
