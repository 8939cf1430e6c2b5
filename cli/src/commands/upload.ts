import type { UploadOptions } from "hanami-sdk";
import { createProgress } from "../progress.ts";

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);

/** Runs an upload, with a progress bar on a terminal. */
export async function withProgress<T>(upload: (options: UploadOptions) => Promise<T>): Promise<T> {
  const progress = createProgress({ plain: "silent" });
  try {
    return await upload({
      onProgress({ sentBytes, totalBytes }) {
        // The server then imports the file, which takes a while for a large one.
        const label = sentBytes < totalBytes ? "uploading" : "importing";
        const count = `${megabytes(sentBytes)}/${megabytes(totalBytes)} MB`;
        progress.update({ label, share: sentBytes / totalBytes, count });
      },
    });
  } finally {
    progress.end();
  }
}
