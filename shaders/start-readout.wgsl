// Writes the start weights of the readout rows that came with this step's new blocks. Each thread fills its own
// elements; most steps have nothing to fill.
// uses: types, random

@group(0) @binding(0) var<storage, read> control: Control;
@group(0) @binding(1) var<storage, read> blocks: array<Block>;
@group(0) @binding(2) var<storage, read> tiles: array<Tile>;
@group(0) @binding(3) var<storage, read_write> readout: array<f32>;
@group(0) @binding(4) var<storage, read_write> readout_moments: array<vec2f>;

@compute @workgroup_size(128)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) n: u32,
) {
  if (control.samples == 0u) { return; }
  for (var row = control.rows_started + group.x; row < control.rows; row += groups.x) {
    // The last tile that starts at or before the row.
    var tile = 0u;
    var end = control.tiles;
    while (tile + 1u < end) {
      let middle = (tile + end) / 2u;
      if (tiles[middle].row > row) { end = middle; } else { tile = middle; }
    }
    let stream = DRAW_READOUT + blocks[tiles[tile].block].hexagon;
    let i = row * NEURONS_PER_BLOCK + n;
    readout[i] = symmetric(draw(stream, row, n), READOUT_START);
    readout_moments[i] = vec2f();
  }
}
