// Finds the neurons (or values) of a hexagon that are positive for the first time. Workgroup = block, thread = neuron;
// each block has its own four of the tally's `words`.
// uses: types

struct Tally {
  // Number of neurons found, and number of sections marked for a split.
  fresh: atomic<u32>,
  marked: atomic<u32>,
  synapses: u32,
  unused: u32,
  // [block][4]: a bit per neuron.
  words: array<u32>,
}

@group(0) @binding(0) var<storage, read> control: Control;
@group(0) @binding(1) var<storage, read> blocks: array<Block>;
@group(0) @binding(2) var<storage, read> neurons: array<Neuron>;
@group(0) @binding(3) var<storage, read> values: array<f32>;
@group(0) @binding(4) var<storage, read_write> tally: Tally;
@group(0) @binding(5) var<uniform> scope: Scope;

var<workgroup> is_fresh: array<u32, 128>;

@compute @workgroup_size(128)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) n: u32,
) {
  if (group.x == 0u && n == 0u) { atomicStore(&tally.marked, 0u); }
  if (control.samples == 0u) { return; }
  for (var block = group.x; block < control.blocks; block += groups.x) {
    if (blocks[block].hexagon == scope.hexagon) { look(block, n); }
  }
}

fn look(block: u32, n: u32) {
  var is_positive = false;
  if (neurons[block * NEURONS_PER_BLOCK + n].head == NONE) {
    for (var q = 0u; q < control.samples && !is_positive; q++) { is_positive = values[at(block, q) + n] > 0.0; }
  }
  is_fresh[n] = select(0u, 1u, is_positive);
  workgroupBarrier();
  if (n < 4u) {
    var word = 0u;
    for (var i = 0u; i < 32u; i++) { word |= is_fresh[n * 32u + i] << i; }
    tally.words[block * 4u + n] = word;
    if (word != 0u) { atomicAdd(&tally.fresh, countOneBits(word)); }
  }
  workgroupBarrier();
}
