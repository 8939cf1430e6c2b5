import { spawnSync } from "node:child_process";
import { onTestFinished } from "vitest";
import { temporaryFolder } from "../datasets/support.ts";

/** Mounts an in-memory file system of this size until the test ends; returns the reason if that fails. */
export async function mountSmallDisk(mib: number): Promise<{ folder: string } | { reason: string }> {
  const folder = await temporaryFolder();
  const options = ["-t", "tmpfs", "-o", `size=${mib}m`, "tmpfs", folder];
  const mounted = spawnSync("mount", options, { encoding: "utf8" });
  if (mounted.status !== 0) {
    return { reason: `no file system can be mounted here: ${mounted.error?.message ?? mounted.stderr}` };
  }
  // Lazily, because a server may still have files open there.
  onTestFinished(() => void spawnSync("umount", ["--lazy", folder]));
  return { folder };
}
