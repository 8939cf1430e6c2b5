import { KernelError } from "../network/engine.ts";
import { MemoryFullError } from "../network/memory-full-error.ts";
import { RunError, TableError } from "../network/run.ts";
import { StateError } from "../network/state-error.ts";
import { HostError } from "./host-errors.ts";

export const noRoom = (reason: string) => new HostError("room", `The host has no room for this network: ${reason}`);

/** Converts an error of a run to the HostError that the host reports. Other errors, which are bugs, stay unchanged. */
export function runFailure(cluster: string, error: unknown): unknown {
  if (error instanceof RunError) return new HostError("input", error.message);
  if (error instanceof TableError) return new HostError("table", error.message);
  if (error instanceof MemoryFullError) return noRoom(error.message);
  // Only this network fails; the host continues with the others.
  if (error instanceof StateError || error instanceof KernelError)
    return new HostError("state", `The network of cluster '${cluster}' cannot be computed: ${error.message}`);
  return error;
}

/** Like `runFailure`, for the creation of a network from bytes or a template. */
export function attachFailure(error: unknown): unknown {
  if (error instanceof StateError) return new HostError("state", error.message);
  if (error instanceof MemoryFullError) return noRoom(error.message);
  return error;
}
