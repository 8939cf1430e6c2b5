import type { Route } from "../route.ts";
import { deleteCheckpointRoute } from "./delete.ts";
import { getAllCheckpoints } from "./get-all.ts";
import { getCheckpoint } from "./get.ts";

export const routes: Route[] = [getCheckpoint, getAllCheckpoints, deleteCheckpointRoute];
