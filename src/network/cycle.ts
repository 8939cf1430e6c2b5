import { HEADER } from "./layout.ts";

/** The number of trained samples. */
export function readCycle(header: Uint32Array): number {
  return header[HEADER.cycleHigh]! * 2 ** 32 + header[HEADER.cycleLow]!;
}

/** Sets the number of trained samples. */
export function writeCycle(header: Uint32Array, cycle: number): void {
  header[HEADER.cycleHigh] = Math.floor(cycle / 2 ** 32);
  header[HEADER.cycleLow] = cycle % 2 ** 32;
}
