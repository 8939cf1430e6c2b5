import { z } from "zod";
import { noRoomText } from "../../limits/check-room.ts";
import { createRequestTask } from "../../tasks/create-request-task.ts";
import { fields } from "../fields.ts";
import { route } from "../route.ts";
import { bindingErrors, boundItems, resultItems } from "./bindings.ts";
import { toTaskBody } from "../../tasks/task-body.ts";
import { taskOutput } from "./output.ts";

export const postTaskRequest = route({
  method: "POST",
  path: "/task/request",
  summary: "Queue a task that runs rows through the network; its answers become a dataset with the task's uuid.",
  input: z.object({
    name: fields.name,
    cluster_uuid: fields.uuid,
    inputs: z.array(z.unknown()).meta(boundItems),
    results: z.array(z.unknown()).meta(resultItems),
    time_length: fields.int(1, 1000).default(1),
    keep_columns: z.array(z.unknown()).optional(),
  }),
  output: taskOutput,
  errors: {
    ...bindingErrors,
    404: [...bindingErrors[404], "Dataset doesn't contain column with name '{name}'"],
    409: [...bindingErrors[409], noRoomText("datasets")],
  },
  handler: async (context, input) => toTaskBody(await createRequestTask(context, input)),
});
