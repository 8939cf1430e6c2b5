import { conflict } from "../errors.ts";
import type { Host } from "./host.ts";

/**
 * Throws 409 when a host has no room for a network of so many bytes, as of its last answer: nobody waits for a slice.
 * A host that was not asked anything yet is empty.
 */
export function checkHostRoom({ uuid, lastStatus }: Pick<Host, "uuid" | "lastStatus">, bytes: number): void {
  if (lastStatus === null || lastStatus.memoryBytesFree >= bytes) return;
  const { memoryBytesFree, memoryBytesTotal } = lastStatus;
  throw conflict(
    `Host with uuid '${uuid}' has no room for the cluster: of ${memoryBytesTotal} bytes ${memoryBytesFree} are free, ` +
      `${bytes} are needed.`,
  );
}
