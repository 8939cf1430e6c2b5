import { createRequire } from "node:module";

// `require` opens one file after the other; `import` opens hundreds at once, too many for `ulimit -n 128`.
const load = createRequire(import.meta.url);
const { runServer } = load("./start/run-server.js") as typeof import("./start/run-server.ts");
await runServer();
