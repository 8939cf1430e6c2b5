import { noRoomText } from "../../limits/check-room.ts";
import { noBytesText } from "../../limits/project-bytes.ts";
import { fields } from "../fields.ts";

/** Size of an announced file in bytes. */
export const fileBytes = fields.int(1, 10_000_000_000);

/** Errors when an upload of a dataset or checkpoint is announced. */
export const announceErrors = (kind: "datasets" | "checkpoints") => ({
  400: ["Files of more than {number} bytes are not taken."],
  409: [noRoomText("uploads"), noRoomText(kind), noBytesText()],
});
