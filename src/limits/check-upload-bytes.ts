import type { App } from "../app-context.ts";
import { badRequest } from "../errors.ts";

/** Throws 400 for a file that exceeds the size limit of uploads. */
export function checkUploadBytes(app: Pick<App, "config">, bytes: number): void {
  const { uploadBytes } = app.config.limits;
  if (bytes > uploadBytes) throw badRequest(`Files of more than ${uploadBytes} bytes are not taken.`);
}
