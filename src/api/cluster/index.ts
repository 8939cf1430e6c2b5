import type { Route } from "../route.ts";
import { deleteClusterRoute } from "./delete.ts";
import { getAllClusters } from "./get-all.ts";
import { getClusterColumns } from "./get-columns.ts";
import { getClusterRoute } from "./get.ts";
import { postClusterLearn } from "./post-learn.ts";
import { postClusterLoad } from "./post-load.ts";
import { postClusterPredict } from "./post-predict.ts";
import { postClusterSave } from "./post-save.ts";
import { postCluster } from "./post.ts";
import { putClusterSetMode } from "./put-set-mode.ts";
import { putClusterSwitchHost } from "./put-switch-host.ts";

export const routes: Route[] = [
  postCluster,
  getClusterRoute,
  getClusterColumns,
  getAllClusters,
  deleteClusterRoute,
  postClusterSave,
  postClusterLoad,
  putClusterSetMode,
  putClusterSwitchHost,
  postClusterPredict,
  postClusterLearn,
];
