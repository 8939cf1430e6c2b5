import { KernelError } from "../network/engine.ts";
import { BudgetFullError, MemoryFullError } from "../network/memory-full-error.ts";
import { RunError, TableError } from "../network/run.ts";
import { StateError } from "../network/state-error.ts";
import { HostError } from "./host-errors.ts";

export const noRoom = (reason: string, kind: "room" | "crowded") =>
  new HostError(kind, `The host has no room for this network: ${reason}`);

interface Circumstances {
  cluster: string;
  /** Whether the host has networks of other clusters in use, which may leave later. Idle ones have left already. */
  hasOthers: boolean;
}

/** Converts an error of a run to the HostError that the host reports. Other errors, which are bugs, stay unchanged. */
export function runFailure(error: unknown, { cluster, hasOthers }: Circumstances): unknown {
  if (error instanceof RunError) return new HostError("input", error.message);
  if (error instanceof TableError) return new HostError("table", error.message);
  if (error instanceof MemoryFullError) return memoryFailure(error, hasOthers);
  // Only this network fails; the host continues with the others.
  if (error instanceof StateError || error instanceof KernelError)
    return new HostError("state", `The network of cluster '${cluster}' cannot be computed: ${error.message}`);
  return error;
}

/** Like `runFailure`, for the creation of a network from bytes or a template. */
export function attachFailure(error: unknown, { hasOthers }: Pick<Circumstances, "hasOthers">): unknown {
  if (error instanceof StateError) return new HostError("state", error.message);
  if (error instanceof MemoryFullError) return memoryFailure(error, hasOthers);
  return error;
}

function memoryFailure(error: MemoryFullError, hasOthers: boolean): HostError {
  return noRoom(error.message, error instanceof BudgetFullError && hasOthers ? "crowded" : "room");
}
