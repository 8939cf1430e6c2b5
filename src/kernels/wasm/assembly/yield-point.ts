/** Yield points of the kernels; see network/yield-point.ts. They only take effect in the leading thread. */

/** Pieces from one yield to the next. A piece is a block's walk over its sections or less, 10 to 100 us. */
const PIECES: i32 = 16;
let piecesLeft: i32 = PIECES;

// @ts-ignore: decorator
@external("host", "yieldPoint")
declare function hostYieldPoint(): void;

/** Call it after `pieces` pieces of work. The host may then compute another network, in another memory. */
// @ts-ignore: decorator
@inline
export function yieldAfter(pieces: i32): void {
  piecesLeft -= pieces;
  if (piecesLeft <= 0) yieldNow();
}

/** Rows of 128 readout weights per piece; a multiple of the five rows that are summed together. */
export const PIECE_ROWS: u32 = 640;

function yieldNow(): void {
  piecesLeft = PIECES;
  hostYieldPoint();
}
