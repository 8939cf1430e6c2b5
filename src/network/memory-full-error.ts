/** A network's memory is full. The network that needed more may be half-changed. */
export class MemoryFullError extends Error {
  override name = "MemoryFullError";
}
