// Counts the synapses in use. Each thread counts some sections; `tally.synapses` starts at 0.
// uses: types

struct Tally {
  fresh: u32,
  marked: u32,
  synapses: atomic<u32>,
  unused: u32,
}

@group(0) @binding(0) var<storage, read> control: Control;
@group(0) @binding(1) var<storage, read> sections: array<Section>;
@group(0) @binding(2) var<storage, read_write> tally: Tally;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  var synapses = 0u;
  for (var section = id.x; section < control.sections; section += groups.x * 64u) {
    synapses += min(sections[section].ramps, 4u) * ramp_size(sections[section].kind);
  }
  if (synapses > 0u) { atomicAdd(&tally.synapses, synapses); }
}
