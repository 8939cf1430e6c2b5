import type { Route } from "../route.ts";
import { deleteKey } from "./delete-key.ts";
import { getAllKeys } from "./get-all-keys.ts";
import { postKey } from "./post-key.ts";
import { postToken } from "./post.ts";
import { putToken } from "./put.ts";

export const routes: Route[] = [postToken, putToken, postKey, getAllKeys, deleteKey];
