// Values of the output neurons: sigmoid(bias + readout weights * values of their hexagon); 0 when it has no blocks.
// Workgroup = output neuron x 8 samples, thread = one of the samples and 8 neurons of each block; the first threads add
// up the partial sums.
// uses: types, tiles

const SAMPLES = 8u;
// Threads per sample.
const LANES = 16u;

@group(0) @binding(0) var<storage, read> control: Control;
@group(0) @binding(1) var<storage, read> hexagons: array<Hexagon>;
@group(0) @binding(2) var<storage, read> outputs: array<Output>;
@group(0) @binding(3) var<storage, read> tiles: array<Tile>;
@group(0) @binding(4) var<storage, read> readout: array<vec4f>;
@group(0) @binding(5) var<storage, read> values: array<vec4f>;
// [row of the results][output neuron]
@group(0) @binding(6) var<storage, read_write> shown: array<f32>;

// [sample][lane]
var<workgroup> partial: array<f32, 128>;

@compute @workgroup_size(128)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) n: u32) {
  let output = group.x;
  let first = group.y * SAMPLES;
  if (output >= control.outputs || first >= control.samples) { return; }
  let sample = first + n / LANES;
  let lane = n % LANES;
  var sum = 0.0;
  if (sample < control.samples) {
    for (var t = 0u; t < control.tiles; t++) {
      let tile = tile_at(t);
      if (output < tile.output || output - tile.output >= tile.outputs) { continue; }
      let w = (tile.row + output - tile.output) * (NEURONS_PER_BLOCK / 4u) + lane;
      let v = at(tile.block, sample) / 4u + lane;
      sum += dot(readout[w], values[v]) + dot(readout[w + LANES], values[v + LANES]);
    }
  }
  partial[n] = sum;
  workgroupBarrier();
  if (n < min(SAMPLES, control.samples - first)) {
    var total = outputs[output].bias;
    for (var i = 0u; i < LANES; i++) { total += partial[n * LANES + i]; }
    let is_empty = hexagons[outputs[output].hexagon].blocks == 0u;
    let i = (control.result_row + first + n) * control.outputs + output;
    shown[i] = select(1.0 / (1.0 + exp(-total)), 0.0, is_empty);
  }
}
