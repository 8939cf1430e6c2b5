import { attachUpload } from "../../uploads/attach-upload.ts";
import { decodeFileUpload, encodeFileUploadResponse } from "./protobuf.ts";
import type { SocketTarget } from "./target.ts";

/** Target `file_upload`: receives pieces of a tempfile in any order and answers each of them. */
export const fileUploadTarget: SocketTarget = {
  async open(context, uuid, peer) {
    const upload = await attachUpload(context, uuid);
    const answer = (errorMessage: string) =>
      peer.send(encodeFileUploadResponse({ success: errorMessage === "", errorMessage }));
    // A client that continues after a refusal must not fill the log.
    let isNoted = false;
    return {
      async message(bytes) {
        const piece = decodeFileUpload(bytes);
        if (piece === undefined) {
          answer("Got invalid FileUpload-Message");
          return;
        }
        try {
          await upload.write(piece.position, piece.data);
          context.app.metrics.uploadBytes.inc(piece.data.length);
        } catch (error) {
          context.app.log[isNoted ? "debug" : "warn"](
            { err: error, tempfile: uuid },
            "a piece of an upload was refused",
          );
          isNoted = true;
          answer("Failed to write data to disc");
          return;
        }
        answer("");
      },
      close: () => upload.detach(),
    };
  },
};
