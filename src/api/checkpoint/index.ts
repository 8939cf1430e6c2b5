import type { Route } from "../route.ts";
import { deleteCheckpointRoute } from "./delete.ts";
import { downloadCheckpointRoute } from "./download.ts";
import { getAllCheckpoints } from "./get-all.ts";
import { getCheckpoint } from "./get.ts";
import { postCheckpointUpload, putCheckpointUpload } from "./upload.ts";

export const routes: Route[] = [
  getCheckpoint,
  getAllCheckpoints,
  downloadCheckpointRoute,
  postCheckpointUpload,
  putCheckpointUpload,
  deleteCheckpointRoute,
];
