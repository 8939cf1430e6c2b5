// Installs and builds what is missing, then runs the server in this process, so that signals reach it directly.
import { build } from "./build.mjs";
import { ensureInstalled } from "./install.mjs";

// The software GPU comes in a package that servers with a real one, or none, do not need.
await ensureInstalled({ dev: process.env.HANAMI_SOFTWARE_GPU === "true" });
await build({ all: false });
await import("../dist/src/main.js");
