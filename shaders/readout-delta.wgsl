// Deltas of an output hexagon's neurons, from the errors of the outputs and the readout weights before the update.
// Workgroup = block x 8 learners, thread = neuron, which turns its own slopes into deltas.
// uses: types, tiles

const SAMPLES = 8u;

@group(0) @binding(0) var<storage, read> control: Control;
@group(0) @binding(1) var<storage, read> blocks: array<Block>;
@group(0) @binding(2) var<storage, read> tiles: array<Tile>;
@group(0) @binding(3) var<storage, read> readout: array<f32>;
@group(0) @binding(4) var<storage, read> errors: array<f32>;
@group(0) @binding(5) var<storage, read_write> deltas: array<f32>;
@group(0) @binding(6) var<uniform> scope: Scope;

@compute @workgroup_size(128)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) n: u32,
) {
  let first = group.y * SAMPLES;
  if (first >= control.learning) { return; }
  for (var block = group.x; block < control.blocks; block += groups.x) {
    if (blocks[block].hexagon == scope.hexagon) { ask(block, first, n); }
  }
}

fn ask(block: u32, first: u32, n: u32) {
  let samples = min(SAMPLES, control.learning - first);
  var sums: array<f32, SAMPLES>;
  for (var t = 0u; t < control.tiles; t++) {
    let tile = tile_at(t);
    if (tile.block != block) { continue; }
    for (var k = 0u; k < tile.outputs; k++) {
      let weight = readout[(tile.row + k) * NEURONS_PER_BLOCK + n];
      for (var q = 0u; q < samples; q++) {
        sums[q] += errors[control.learners[first + q] * control.outputs + tile.output + k] * weight;
      }
    }
  }
  for (var q = 0u; q < samples; q++) {
    let i = at(block, control.learners[first + q]) + n;
    deltas[i] = bounded(sums[q] * deltas[i]);
  }
}
