import { fileURLToPath } from "node:url";

/** Folder of package.json. This file runs as `dist/src/files/paths.js`; files other than code are not copied there. */
const root = new URL("../../../", import.meta.url);

const inRoot = (path: string) => fileURLToPath(new URL(path, root));

/** Files that the server reads at run time. */
export const paths = {
  root: fileURLToPath(root),
  migrations: inRoot("src/db/migrations"),
  defaultPolicies: inRoot("src/accounts/default.policies"),
  proto: inRoot("proto/hanami.proto"),
  kernels: inRoot("build/kernels.wasm"),
  databaseTemplate: inRoot("build/database"),
  shaders: inRoot("shaders"),
  patches: inRoot("patches"),
};
