// Computes the gradients of the readout weights and updates them. Workgroup = readout tile x one of its output neurons,
// thread = neuron of the block, which owns its weight.
// uses: types, tiles, adam

@group(0) @binding(0) var<storage, read> control: Control;
@group(0) @binding(1) var<storage, read> tiles: array<Tile>;
@group(0) @binding(2) var<storage, read> errors: array<f32>;
@group(0) @binding(3) var<storage, read> values: array<f32>;
@group(0) @binding(4) var<storage, read_write> readout: array<f32>;
@group(0) @binding(5) var<storage, read_write> readout_moments: array<vec2f>;

@compute @workgroup_size(128)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) n: u32,
) {
  if (control.learning == 0u) { return; }
  for (var t = group.x; t < control.tiles; t += groups.x) {
    let tile = tile_at(t);
    if (group.y < tile.outputs) { update(tile, group.y, n); }
  }
}

fn update(tile: Tile, output: u32, n: u32) {
  var gradient = 0.0;
  for (var l = 0u; l < control.learning; l++) {
    let sample = control.learners[l];
    gradient += errors[sample * control.outputs + tile.output + output] * values[at(tile.block, sample) + n];
  }
  let rate = control.rate * READOUT_RATE_SHARE;
  let i = (tile.row + output) * NEURONS_PER_BLOCK + n;
  if (control.mode == MODE_ONLINE) {
    readout[i] = bounded(readout[i] - rate * gradient);
    return;
  }
  let moments = readout_moments[i];
  let stepped = adam(vec3f(readout[i], moments), gradient / f32(control.samples), rate);
  readout[i] = stepped.x;
  readout_moments[i] = stepped.yz;
}
