import { clusterTarget } from "./cluster-io.ts";
import { fileUploadTarget } from "./file-upload.ts";
import type { SocketTarget } from "./target.ts";

export interface NamedTarget {
  /** The target's kind of resource, for `<noun> with UUID '…' not found`. */
  noun: string;
  target: SocketTarget;
}

/** The targets that a socket may request in its first message. */
export const socketTargets: ReadonlyMap<string, NamedTarget> = new Map([
  ["file_upload", { noun: "Tempfile", target: fileUploadTarget }],
  ["cluster", { noun: "Cluster", target: clusterTarget }],
]);
