import type { UploadOptions } from "hanami-sdk";
import { createProgress } from "../progress.ts";

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);

/** Runs an upload under a progress bar, if there is a terminal to draw it on. */
export async function withProgress<T>(upload: (options: UploadOptions) => Promise<T>): Promise<T> {
  const progress = createProgress({ plain: "silent" });
  try {
    return await upload({
      onProgress({ sentBytes, totalBytes }) {
        // What remains then is the server's work, and takes a while with a large file.
        const label = sentBytes < totalBytes ? "uploading" : "importing";
        const count = `${megabytes(sentBytes)}/${megabytes(totalBytes)} MB`;
        progress.update({ label, share: sentBytes / totalBytes, count });
      },
    });
  } finally {
    progress.end();
  }
}
