/** A position in the grid: layers (z) of rows (y) of hexagons. Rows with odd y are shifted half a cell towards +x. */
export interface Position {
  x: number;
  y: number;
  z: number;
}

// [dx in even rows, dx in odd rows, dy, dz] per side; side s and side 11 - s are opposite.
const SIDES: readonly (readonly [number, number, number, number])[] = [
  [-1, 0, -1, -1],
  [0, 1, -1, -1],
  [0, 0, 0, -1],
  [0, 1, -1, 0],
  [1, 1, 0, 0],
  [0, 1, 1, 0],
  [-1, 0, -1, 0],
  [-1, -1, 0, 0],
  [-1, 0, 1, 0],
  [0, 0, 0, 1],
  [-1, 0, 1, 1],
  [0, 1, 1, 1],
];

/** The sides through which a new connection may leave, in the order in which they are tried: towards +x, any layer. */
export const FORWARD_SIDES: readonly number[] = [9, 3, 1, 4, 11, 5, 2];

/** The position next to `position` on `side` (0..11). */
export function neighbour(position: Position, side: number): Position {
  const offset = SIDES[side];
  if (!offset) throw new RangeError(`a hexagon has no side ${side}`);
  const [even, odd, dy, dz] = offset;
  const isOdd = position.y % 2 !== 0;
  return { x: position.x + (isOdd ? odd : even), y: position.y + dy, z: position.z + dz };
}

/** Returns a function that finds a hexagon's neighbour on a side: an index into `hexagons`, or -1 if there is none. */
export function neighbourFinder(hexagons: readonly Position[]): (hexagon: number, side: number) => number {
  const keyOf = (p: Position) => `${p.x},${p.y},${p.z}`;
  const indexOf = new Map(hexagons.map((position, index) => [keyOf(position), index]));
  return (hexagon, side) => indexOf.get(keyOf(neighbour(hexagons[hexagon]!, side))) ?? -1;
}
