import { routes as auditLog } from "./audit-log/index.ts";
import { routes as checkpoint } from "./checkpoint/index.ts";
import { routes as cluster } from "./cluster/index.ts";
import { routes as dataset } from "./dataset/index.ts";
import { routes as errorLog } from "./error-log/index.ts";
import { routes as events } from "./events/index.ts";
import { routes as host } from "./host/index.ts";
import { routes as measurements } from "./measurements/index.ts";
import { withOpenApi } from "./openapi/route.ts";
import { routes as project } from "./project/index.ts";
import type { Route } from "./route.ts";
import { routes as system } from "./system/index.ts";
import { routes as task } from "./task/index.ts";
import { routes as token } from "./token/index.ts";
import { routes as user } from "./user/index.ts";

/** Every endpoint of the server: one folder per noun, one file per verb. */
export const routes: readonly Route[] = withOpenApi([
  ...token, //
  ...user,
  ...project,
  ...dataset,
  ...auditLog,
  ...errorLog,
  ...measurements,
  ...cluster,
  ...task,
  ...checkpoint,
  ...host,
  ...events,
  ...system,
]);
