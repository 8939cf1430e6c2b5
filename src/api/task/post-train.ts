import { z } from "zod";
import { createTrainTask } from "../../tasks/create-train-task.ts";
import { fields } from "../fields.ts";
import { route } from "../route.ts";
import { bindingErrors, boundItems, targetRow, validationErrors } from "./bindings.ts";
import { toTaskBody } from "../../tasks/task-body.ts";
import { taskOutput } from "./output.ts";

export const postTaskTrain = route({
  method: "POST",
  path: "/task/train",
  summary: "Queue a training task; items of inputs and outputs have dataset_uuid, dataset_column and hexagon_name.",
  input: z.object({
    name: fields.name,
    cluster_uuid: fields.uuid,
    inputs: z.array(z.unknown()).meta(boundItems),
    outputs: z.array(z.unknown()).meta(boundItems),
    time_length: fields.int(1, 1000).default(1),
    epochs: z.union([fields.int(1, 1_000_000), z.literal("auto")]).default(1),
    batch_size: fields.int(1, 65_536).optional(),
    learning_rate: z.number().min(1e-9).max(10).optional(),
    seed: fields.int(0, 4_294_967_295).optional(),
    target_row: targetRow,
    validation: z.record(z.string(), z.unknown()).optional(),
    patience: fields.int(1, 1_000_000).optional(),
    keep: z.enum(["best", "last"]).optional(),
  }),
  output: taskOutput,
  errors: {
    ...bindingErrors,
    400: [...bindingErrors[400], ...validationErrors],
    404: [...bindingErrors[404], "Dataset has no input for columsn with name '{name}'"],
  },
  handler: async (context, input) => toTaskBody(await createTrainTask(context, input)),
});
