import type { Route } from "../route.ts";
import { deleteUserProject } from "./delete-project.ts";
import { deleteUserRoute } from "./delete.ts";
import { getAllUsers } from "./get-all.ts";
import { getUserProjects } from "./get-project.ts";
import { getUserRoute } from "./get.ts";
import { postUserProject } from "./post-project.ts";
import { postUser } from "./post.ts";

export const routes: Route[] = [
  postUser,
  getUserRoute,
  getAllUsers,
  deleteUserRoute,
  postUserProject,
  deleteUserProject,
  getUserProjects,
];
