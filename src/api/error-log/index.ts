import type { Route } from "../route.ts";
import { getErrorLog } from "./get.ts";

export const routes: Route[] = [getErrorLog];
