/** A network's memory is full. The network that asked for more may be half-changed. */
export class MemoryFullError extends Error {
  override name = "MemoryFullError";
}

/** The memory that all networks share is full. */
export class BudgetFullError extends MemoryFullError {
  override name = "BudgetFullError";
}

/** Why a memory budget has no room, in bytes. */
export const shortageText = (total: number, free: number, needed: number) =>
  `its clusters may take ${total} bytes of memory, ${free} are free, ${needed} more are needed`;
