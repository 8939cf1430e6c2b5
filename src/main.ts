import { createRequire } from "node:module";

// One file after the other: `import` opens hundreds at once, which is more than a process may under `ulimit -n 128`.
const load = createRequire(import.meta.url);
const { runServer } = load("./start/run-server.js") as typeof import("./start/run-server.ts");
await runServer();
