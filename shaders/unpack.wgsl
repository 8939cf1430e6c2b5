// Writes the samples' values of one input to `values`. One thread per (value of an input block, sample); every thread
// writes its own element, 0 when the data has no such column.
// The window of a sample may span several rows. They are contiguous, so the columns simply continue.
// uses: types

struct Source {
  hexagon: u32,
  // 1: the input accepts only 0 and 1.
  is_binary: u32,
  // 1: the data holds bytes, four in each word; 0: floats.
  is_bytes: u32,
  // Columns per row, and number of values per sample that the input takes.
  columns: u32,
  used: u32,
}

@group(0) @binding(0) var<storage, read> control: Control;
@group(0) @binding(1) var<storage, read> blocks: array<Block>;
@group(0) @binding(2) var<storage, read> data: array<u32>;
@group(0) @binding(3) var<storage, read_write> values: array<f32>;
// [cycle]: the first row of its window.
@group(0) @binding(4) var<storage, read> order: array<u32>;
@group(0) @binding(5) var<uniform> source: Source;

// Zero, negative values and NaN are inactive. Compares bits: those of positive floats are in the order of the floats,
// and a device that computes with floats may treat subnormal ones as 0.
fn activity(bits: u32) -> f32 {
  if (bits == 0u || bits > 0x7f800000u) { return 0.0; }
  if (source.is_binary != 0u) { return 1.0; }
  return bitcast<f32>(min(bits, bitcast<u32>(f32(INPUT_MAX))));
}

@compute @workgroup_size(128)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) n: u32,
) {
  let sample = group.y;
  if (sample >= control.samples) { return; }
  for (var block = group.x; block < control.blocks; block += groups.x) {
    if (blocks[block].hexagon == source.hexagon) {
      values[at(block, sample) + n] = fetch(sample, blocks[block].ordinal * NEURONS_PER_BLOCK + n);
    }
  }
}

fn fetch(sample: u32, column: u32) -> f32 {
  if (column >= source.used) { return 0.0; }
  let i = order[control.first_row + sample] * source.columns + column;
  if (source.is_bytes == 0u) { return activity(data[i]); }
  let byte = (data[i / 4u] >> (8u * (i % 4u))) & 0xffu;
  return activity(bitcast<u32>(f32(byte)));
}
