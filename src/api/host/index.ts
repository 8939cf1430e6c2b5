import type { Route } from "../route.ts";
import { getAllHosts } from "./get-all.ts";

export const routes: Route[] = [getAllHosts];
