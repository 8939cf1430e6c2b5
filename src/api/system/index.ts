import type { Route } from "../route.ts";
import { getSystemInfo } from "./get-system-info.ts";
import { getThreading } from "./get-threading.ts";

export const routes: Route[] = [getSystemInfo, getThreading];
