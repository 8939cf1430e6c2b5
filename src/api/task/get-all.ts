import { z } from "zod";
import { listTasks } from "../../tasks/get-task.ts";
import { formatTimestamp } from "../../server/timestamp.ts";
import { fields } from "../fields.ts";
import { listOutput, listResponse, pageFields, pageOf } from "../list.ts";
import { route } from "../route.ts";
import { finishedShare } from "../../tasks/task-body.ts";

const header = ["uuid", "state", "percentage", "queued", "start", "end"];

export const getAllTasks = route({
  method: "GET",
  path: "/task/all",
  summary: "List the tasks of a cluster by uuid; percentage is a text from 0.000000 to 1.000000.",
  input: z.object({ cluster_uuid: fields.uuid, ...pageFields }),
  output: listOutput,
  errors: {
    404: ["Cluster with uuid '{uuid}' not found"],
  },
  handler: async (context, input) => {
    const tasks = await listTasks(context, input, pageOf(input));
    return listResponse(header, tasks, (task) => [
      task.uuid,
      task.state,
      finishedShare(task).toFixed(6),
      formatTimestamp(task.queued_at),
      formatTimestamp(task.started_at),
      formatTimestamp(task.ended_at),
    ]);
  },
});
