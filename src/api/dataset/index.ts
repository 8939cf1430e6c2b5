import type { Route } from "../route.ts";
import { checkDatasetRoute } from "./check.ts";
import { getContentRoute } from "./content.ts";
import { deleteDatasetRoute } from "./delete.ts";
import { downloadDatasetRoute } from "./download.ts";
import { getDatasetRoute } from "./get.ts";
import { listDatasetsRoute } from "./get-all.ts";
import { getProgressRoute } from "./progress.ts";
import { uploadRoutes } from "./upload.ts";

export const routes: Route[] = [
  getDatasetRoute,
  listDatasetsRoute,
  getContentRoute,
  downloadDatasetRoute,
  checkDatasetRoute,
  getProgressRoute,
  deleteDatasetRoute,
  ...uploadRoutes,
];
