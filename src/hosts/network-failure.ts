import { KernelError } from "../network/engine.ts";
import { MemoryFullError } from "../network/memory-full-error.ts";
import { RunError, TableError } from "../network/run.ts";
import { StateError } from "../network/state-error.ts";
import { HostError } from "./host-errors.ts";

export const noRoom = (reason: string) => new HostError("room", `The host has no room for this network: ${reason}`);

/** How a host reports what went wrong in a run of a cluster's network; defects stay as they are. */
export function runFailure(cluster: string, error: unknown): unknown {
  if (error instanceof RunError) return new HostError("input", error.message);
  if (error instanceof TableError) return new HostError("table", error.message);
  if (error instanceof MemoryFullError) return noRoom(error.message);
  // The host goes on with the others.
  if (error instanceof StateError || error instanceof KernelError)
    return new HostError("state", `The network of cluster '${cluster}' cannot be computed: ${error.message}`);
  return error;
}

/** The same of bytes, or a template, that were to become a network. */
export function attachFailure(error: unknown): unknown {
  if (error instanceof StateError) return new HostError("state", error.message);
  if (error instanceof MemoryFullError) return noRoom(error.message);
  return error;
}
