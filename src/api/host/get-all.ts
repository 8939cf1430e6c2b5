import { z } from "zod";
import { hostRow, listHosts } from "../../hosts/list-hosts.ts";
import { listOutput, listResponse, pageFields, pageOf } from "../list.ts";
import { route } from "../route.ts";

const header = [
  "uuid",
  "type",
  "name",
  "load",
  "memory_free",
  "clusters",
  "memory_total",
  "buffer_max",
  "vendor",
  "driver",
  "state",
  "error",
];

export const getAllHosts = route({
  method: "GET",
  path: "/host/all",
  summary:
    "List the logical hosts, CPU hosts first; load is 0 to 1, memory in bytes; state is ready; silent, busy with one call for long; or lost; with the error.",
  input: z.object(pageFields),
  output: listOutput,
  handler: async (context, input) => {
    const { page, limit } = pageOf(input) ?? { page: 0, limit: Number.MAX_SAFE_INTEGER };
    const hosts = (await listHosts(context)).slice(page * limit, (page + 1) * limit);
    return listResponse(header, hosts, (host) => Object.values(hostRow(host)));
  },
});
