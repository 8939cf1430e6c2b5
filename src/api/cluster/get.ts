import { z } from "zod";
import { getCluster } from "../../clusters/get-cluster.ts";
import { fields } from "../fields.ts";
import { route } from "../route.ts";
import { namedScores, scoreFields } from "../score-output.ts";
import { clusterOutput, toClusterBody } from "./output.ts";

export const getClusterRoute = route({
  method: "GET",
  path: "/cluster",
  summary: "Show a cluster and the figures of its network, also per hexagon in template order.",
  input: z.object({ uuid: fields.uuid }),
  output: clusterOutput.extend({
    host_uuid: z.string(),
    /** `lost`: the host cannot take the network; `host_error` says why, and the figures are those of its snapshot. */
    host_state: z.enum(["ready", "lost", "gone"]),
    host_error: z.string(),
    mode: z.enum(["TASK", "DIRECT"]),
    number_of_cycles: z.number(),
    number_of_blocks: z.number(),
    number_of_sections: z.number(),
    number_of_synapses: z.number(),
    number_of_neurons: z.number(),
    bytes: z.number(),
    hexagons: z.array(z.object({ number_of_blocks: z.number(), number_of_sections: z.number(), bytes: z.number() })),
    /** How it answered its last thousand samples of direct IO and `learn` before it learnt them, if there are any. */
    score: z.object({ samples: z.number(), ...scoreFields, outputs: namedScores }).optional(),
  }),
  errors: {
    404: ["Cluster with uuid '{uuid}' not found"],
  },
  handler: async (context, input) => {
    const { cluster, figures, hostState, unavailable, score } = await getCluster(context, input);
    return {
      ...toClusterBody(cluster),
      host_uuid: cluster.host_uuid,
      host_state: hostState,
      host_error: unavailable ?? "",
      mode: cluster.mode,
      number_of_cycles: figures.cycle,
      number_of_blocks: figures.blocks,
      number_of_sections: figures.sections,
      number_of_synapses: figures.synapses,
      number_of_neurons: figures.neurons,
      bytes: figures.bytes,
      hexagons: figures.hexagons.map(({ blocks, sections, bytes }) => ({
        number_of_blocks: blocks,
        number_of_sections: sections,
        bytes,
      })),
      ...(score && { score }),
    };
  },
});
