// Readout tiles: block times a run of output neurons, with a row of weights for each of these.

fn tile_at(t: u32) -> Tile {
  let tile = tiles[t];
  let output = within(tile.output, control.outputs);
  let outputs = min(tile.outputs, control.outputs - output);
  return Tile(within(tile.block, control.blocks), output, outputs, min(tile.row, control.rows - min(outputs, control.rows)));
}
