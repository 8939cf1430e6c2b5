import type { Route } from "../route.ts";
import { getEvents } from "./get.ts";

export const routes: Route[] = [getEvents];
