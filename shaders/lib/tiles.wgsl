// Readout tiles: a block times a run of output neurons, with a row of weights for each output neuron.

fn tile_at(t: u32) -> Tile {
  let tile = tiles[t];
  let output = within(tile.output, control.outputs);
  let outputs = min(tile.outputs, control.outputs - output);
  let row = min(tile.row, control.rows - min(outputs, control.rows));
  return Tile(within(tile.block, control.blocks), output, outputs, row);
}
