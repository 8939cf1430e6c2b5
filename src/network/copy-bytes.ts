import { yieldPoint } from "./yield-point.ts";

/** Bytes that are copied, hashed or zeroed between two yield points. */
export const PIECE_BYTES = 2 ** 18;

/** Copies bytes in pieces, with a yield point after each. */
export function copyBytes(from: Uint8Array, to: Uint8Array): void {
  for (let at = 0; at < from.length; at += PIECE_BYTES) {
    to.set(from.subarray(at, at + PIECE_BYTES), at);
    yieldPoint();
  }
}
