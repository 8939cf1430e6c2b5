import { z } from "zod";
import { listenToEvents } from "../../tasks/listen-to-events.ts";
import { fields } from "../fields.ts";
import { route } from "../route.ts";
import { StreamAnswer } from "../stream-answer.ts";

export const getEvents = route({
  method: "GET",
  path: "/events",
  summary: "Listen to what happens: server-sent events of what the caller may see, from `Last-Event-ID` on.",
  input: z.object({
    cluster_uuid: fields.uuid.optional(),
    task_uuid: fields.uuid.optional(),
    /** Kinds or groups between commas. */
    kind: z.string().max(254).optional(),
  }),
  output: z.object({}),
  produces: ["text/event-stream"],
  errors: {
    400: ["There are no events of the kind '{kind}'."],
    404: [
      "Cluster with uuid '{uuid}' not found",
      "Task with UUID '{uuid}'not found in Cluster with UUID '{uuid}",
      "Task with UUID '{uuid}' not found",
    ],
    409: ["Too many clients listen to events."],
  },
  handler: async (context, input, client) =>
    new StreamAnswer("text/event-stream", await listenToEvents(context, input, client), { isLive: true }),
});
