/** Yield points of the kernels: see network/yield-point.ts. Only the leading thread's do anything. */

/** A piece is a block's walk over its sections or less, 10 to 100 us. */
const PIECES: i32 = 16;
let piecesLeft: i32 = PIECES;

// @ts-ignore: decorator
@external("host", "yieldPoint")
declare function hostYieldPoint(): void;

/** After some pieces of work. The host may compute another network meanwhile, in another memory. */
// @ts-ignore: decorator
@inline
export function yieldAfter(pieces: i32): void {
  piecesLeft -= pieces;
  if (piecesLeft <= 0) yieldNow();
}

/** The rows of 128 readout weights that make a piece; a multiple of the five that are summed together. */
export const PIECE_ROWS: u32 = 640;

function yieldNow(): void {
  piecesLeft = PIECES;
  hostYieldPoint();
}
