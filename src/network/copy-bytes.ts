import { yieldPoint } from "./yield-point.ts";

/** So many bytes are copied, hashed or set to 0 between two yield points. */
export const PIECE_BYTES = 2 ** 18;

/** Copies bytes piece by piece. */
export function copyBytes(from: Uint8Array, to: Uint8Array): void {
  for (let at = 0; at < from.length; at += PIECE_BYTES) {
    to.set(from.subarray(at, at + PIECE_BYTES), at);
    yieldPoint();
  }
}
