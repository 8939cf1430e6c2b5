import { z } from "zod";
import { createEvaluateTask } from "../../tasks/create-evaluate-task.ts";
import { fields } from "../fields.ts";
import { route } from "../route.ts";
import { bindingErrors, boundItems, targetRow } from "./bindings.ts";
import { toTaskBody } from "../../tasks/task-body.ts";
import { taskOutput } from "./output.ts";

export const postTaskEvaluate = route({
  method: "POST",
  path: "/task/evaluate",
  summary:
    "Queue a task that compares answers with targets; then `metrics` and `baseline` of GET /task are its scores.",
  input: z.object({
    name: fields.name,
    cluster_uuid: fields.uuid,
    inputs: z.array(z.unknown()).meta(boundItems),
    outputs: z.array(z.unknown()).meta(boundItems),
    time_length: fields.int(1, 1000).default(1),
    target_row: targetRow,
  }),
  output: taskOutput,
  errors: {
    ...bindingErrors,
    400: [...bindingErrors[400], "'outputs' has more than {number} items"],
    404: [...bindingErrors[404], "Dataset doesn't contain column with name '{name}'"],
  },
  handler: async (context, input) => toTaskBody(await createEvaluateTask(context, input)),
});
