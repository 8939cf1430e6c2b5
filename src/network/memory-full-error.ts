/** A network's memory is full. The network that asked for more may be half-changed. */
export class MemoryFullError extends Error {
  override name = "MemoryFullError";
}

/** The memory that all networks share is full. */
export class BudgetFullError extends MemoryFullError {
  override name = "BudgetFullError";
}
