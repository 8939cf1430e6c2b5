import { z } from "zod";
import { readThreadMap } from "../../sensors/thread-map.ts";
import { route } from "../route.ts";

export const getThreading = route({
  method: "GET",
  path: "/threading",
  summary: "Threads of the server and the cores on which each may run.",
  input: z.object({}),
  output: z.object({ thread_map: z.record(z.string(), z.array(z.int())) }),
  handler: async () => ({ thread_map: await readThreadMap() }),
});
