import { z } from "zod";
import { createRestoreTask } from "../../tasks/create-restore-task.ts";
import { notifyUrlTexts } from "../../tasks/check-notify-url.ts";
import { noRoomText } from "../../limits/check-room.ts";
import { fields } from "../fields.ts";
import { route } from "../route.ts";

export const postClusterLoad = route({
  method: "POST",
  path: "/cluster/load",
  summary: "Queue a task that replaces the cluster's network by a checkpoint; uuid and name stay.",
  input: z.object({ cluster_uuid: fields.uuid, checkpoint_uuid: fields.uuid, notify_url: fields.notifyUrl.optional() }),
  output: z.object({ uuid: z.string() }),
  errors: {
    400: Object.values(notifyUrlTexts),
    404: ["Cluster with uuid '{uuid}' not found", "Checkpoint with uuid '{uuid}' not found"],
    409: [noRoomText("tasks"), noRoomText("notifications")],
  },
  handler: async (context, input) => ({ uuid: (await createRestoreTask(context, input)).uuid }),
});
