import type { Route } from "../route.ts";
import { deleteProjectRoute } from "./delete.ts";
import { getAllProjects } from "./get-all.ts";
import { getProjectRoute } from "./get.ts";
import { postProject } from "./post.ts";

export const routes: Route[] = [postProject, getProjectRoute, getAllProjects, deleteProjectRoute];
