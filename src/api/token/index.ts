import type { Route } from "../route.ts";
import { postToken } from "./post.ts";
import { putToken } from "./put.ts";

export const routes: Route[] = [postToken, putToken];
