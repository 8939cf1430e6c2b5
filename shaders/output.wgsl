// What the output neurons show: sigmoid(bias + readout weights * values of their hexagon); 0 where that has no blocks.
// Workgroup = output neuron x 8 samples, thread = neuron of a block: 8 partial sums in registers, then added up in two rounds.
// uses: types

const SAMPLES = 8u;

@group(0) @binding(0) var<storage, read> control: Control;
@group(0) @binding(1) var<storage, read> hexagons: array<Hexagon>;
@group(0) @binding(2) var<storage, read> outputs: array<Output>;
@group(0) @binding(3) var<storage, read> tiles: array<Tile>;
@group(0) @binding(4) var<storage, read> readout: array<f32>;
@group(0) @binding(5) var<storage, read> values: array<f32>;
// [row of the results][output neuron]
@group(0) @binding(6) var<storage, read_write> shown: array<f32>;

var<workgroup> partial: array<array<f32, SAMPLES>, 128>;
var<workgroup> subtotals: array<array<f32, SAMPLES>, 16>;

@compute @workgroup_size(128)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) n: u32) {
  let output = group.x;
  let first = group.y * SAMPLES;
  if (output >= control.outputs || first >= control.samples) { return; }
  let samples = min(SAMPLES, control.samples - first);
  var sums: array<f32, SAMPLES>;
  for (var t = 0u; t < control.tiles; t++) {
    let tile = tiles[t];
    if (output < tile.output || output - tile.output >= tile.outputs) { continue; }
    let weight = readout[(tile.row + output - tile.output) * NEURONS_PER_BLOCK + n];
    for (var q = 0u; q < samples; q++) { sums[q] += weight * values[at(tile.block, first + q) + n]; }
  }
  partial[n] = sums;
  workgroupBarrier();
  var subtotal = 0.0;
  for (var i = 0u; i < 8u; i++) { subtotal += partial[n / SAMPLES * 8u + i][n % SAMPLES]; }
  subtotals[n / SAMPLES][n % SAMPLES] = subtotal;
  workgroupBarrier();
  if (n < samples) {
    var sum = outputs[output].bias;
    for (var i = 0u; i < 16u; i++) { sum += subtotals[i][n]; }
    let is_empty = hexagons[outputs[output].hexagon].blocks == 0u;
    shown[(control.result_row + first + n) * control.outputs + output] = select(1.0 / (1.0 + exp(-sum)), 0.0, is_empty);
  }
}
