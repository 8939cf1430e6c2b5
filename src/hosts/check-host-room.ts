import { conflict } from "../errors.ts";
import type { Host } from "./host.ts";

/**
 * Throws 409 when a host has no room for a network of this size. The check uses the host's last status, so it does not
 * wait for a slice to end. A host without a status has not started yet and is empty.
 */
export function checkHostRoom({ uuid, lastStatus }: Pick<Host, "uuid" | "lastStatus">, bytes: number): void {
  if (lastStatus === null || lastStatus.memoryBytesFree >= bytes) return;
  const { memoryBytesFree, memoryBytesTotal } = lastStatus;
  throw conflict(
    `Host with uuid '${uuid}' has no room for the cluster: of ${memoryBytesTotal} bytes ${memoryBytesFree} are free, ` +
      `${bytes} are needed.`,
  );
}
