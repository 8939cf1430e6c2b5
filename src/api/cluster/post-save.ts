import { z } from "zod";
import { createSaveTask } from "../../tasks/create-save-task.ts";
import { notifyUrlTexts } from "../../tasks/check-notify-url.ts";
import { noRoomText } from "../../limits/check-room.ts";
import { fields } from "../fields.ts";
import { route } from "../route.ts";

export const postClusterSave = route({
  method: "POST",
  path: "/cluster/save",
  summary: "Queue a task that saves the cluster as a checkpoint with the task's uuid.",
  input: z.object({ name: fields.name, cluster_uuid: fields.uuid, notify_url: fields.notifyUrl.optional() }),
  output: z.object({ name: z.string(), uuid: z.string() }),
  errors: {
    400: Object.values(notifyUrlTexts),
    404: ["Cluster with uuid '{uuid}' not found"],
    409: [noRoomText("checkpoints"), noRoomText("tasks"), noRoomText("notifications")],
  },
  handler: async (context, input) => {
    const { name, uuid } = await createSaveTask(context, input);
    return { name, uuid };
  },
});
