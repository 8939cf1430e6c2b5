// Lists the learners, the samples that take part in learning, ascending, and computes the learning rate and Adam's
// corrections for their update; counts them for the online rule. One workgroup: its threads fetch 128 flags at a time,
// the first thread alone writes.
// uses: types, power

@group(0) @binding(0) var<storage, read_write> control: Control;
@group(0) @binding(1) var<storage, read> skipped: array<u32>;

var<workgroup> flags: array<u32, 128>;
var<workgroup> samples: u32;

@compute @workgroup_size(128)
fn main(@builtin(local_invocation_index) n: u32) {
  if (n == 0u) { samples = control.samples; }
  let count = workgroupUniformLoad(&samples);
  var learning = 0u;
  for (var first = 0u; first < count; first += 128u) {
    flags[n] = IS_REACHED;
    if (first + n < count) { flags[n] = skipped[first + n]; }
    workgroupBarrier();
    if (n == 0u) {
      for (var i = 0u; i < 128u; i++) {
        if (flags[i] == LEARNS_FROM) {
          control.learners[learning] = first + i;
          learning += 1u;
        }
      }
    }
    workgroupBarrier();
  }
  if (n == 0u) {
    control.learning = learning;
    if (learning > 0u && control.mode == MODE_BATCH) {
      control.adam_steps += 1u;
      control.rate *= sqrt(f32(learning));
      control.moment_correction = correction(MOMENT_KEEP, control.adam_steps);
      control.square_correction = correction(SQUARE_KEEP, control.adam_steps);
    } else if (control.mode == MODE_ONLINE) {
      control.online_samples = (control.online_samples + learning) | (control.online_samples & 0x80000000u);
    }
  }
}

// 1 - keep^steps. After this many steps the power is 0 in this precision.
fn correction(keep: f32, steps: u32) -> f32 {
  return 1.0 - power(keep, min(steps, 8192u));
}
