import type { Route } from "../route.ts";
import { getAuditLog } from "./get.ts";

export const routes: Route[] = [getAuditLog];
