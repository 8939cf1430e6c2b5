import type { Route } from "../route.ts";
import { deleteTaskRoute } from "./delete.ts";
import { getAllTasks } from "./get-all.ts";
import { getTaskMetricsRoute } from "./get-metrics.ts";
import { getTaskRoute } from "./get.ts";
import { postTaskEvaluate } from "./post-evaluate.ts";
import { postTaskRequest } from "./post-request.ts";
import { postTaskTrain } from "./post-train.ts";

export const routes: Route[] = [
  postTaskTrain,
  postTaskRequest,
  postTaskEvaluate,
  getTaskRoute,
  getTaskMetricsRoute,
  getAllTasks,
  deleteTaskRoute,
];
