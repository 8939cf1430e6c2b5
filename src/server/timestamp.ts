/** UTC in the contract's format: `2026-11-23 09:10:09`; `-` for null, a time that has not come yet. */
export function formatTimestamp(time: Date | null): string {
  return time === null ? "-" : time.toISOString().slice(0, 19).replace("T", " ");
}
