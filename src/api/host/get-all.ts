import { z } from "zod";
import { listHosts } from "../../hosts/list-hosts.ts";
import { listOutput, listResponse } from "../list.ts";
import { route } from "../route.ts";

const header = ["uuid", "type", "name", "load", "memory_free", "clusters", "memory_total"];

export const getAllHosts = route({
  method: "GET",
  path: "/host/all",
  summary:
    "List the logical hosts, CPU hosts first; load is 0 to 1, memory_free in bytes, of the memory_total that networks may take there.",
  input: z.object({}),
  output: listOutput,
  handler: async (context) => {
    const hosts = await listHosts(context);
    return listResponse(
      header,
      hosts.map(({ host, status }) => [
        host.uuid,
        host.type,
        host.name,
        status?.load ?? null,
        status?.memoryBytesFree ?? null,
        status?.clusters ?? null,
        status?.memoryBytesTotal ?? null,
      ]),
    );
  },
});
