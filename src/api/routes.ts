import type { Route } from "./route.ts";
import { routes as token } from "./token/index.ts";

/** Every endpoint of the server: one folder per noun, one file per verb. */
export const routes: readonly Route[] = [
  ...token, //
];
