// Starts the next of the submitted steps. One thread.
// A training step starts only when the pools have room for the most that it could add. Otherwise this step and all
// later ones of the submit do nothing; the host grows the pools and continues with the same step.
// uses: types

@group(0) @binding(0) var<storage, read_write> control: Control;
@group(0) @binding(1) var<storage, read> steps: array<Step>;

fn has_room() -> bool {
  let start_blocks = max(START_BLOCKS_HIDDEN, START_BLOCKS_OUTPUT) + 1u;
  let fresh =
    NEURONS_PER_BLOCK * control.blocks + (NEURONS_PER_BLOCK + FEW_SECTIONS) * start_blocks * control.hexagons;
  // New sections can bring blocks whose neurons are new themselves, and every section can split.
  let sections = control.sections + 4u * fresh;
  let blocks = (start_blocks + 1u) * control.hexagons + (control.sections + 4u * fresh) / SECTIONS_PER_BLOCK;
  return control.sections + sections <= control.section_capacity
    && control.blocks + blocks <= control.block_capacity
    && control.tiles + blocks * control.runs <= control.tile_capacity
    && control.rows + blocks * control.outputs <= control.row_capacity;
}

@compute @workgroup_size(1)
fn main() {
  control.samples = 0u;
  control.learning = 0u;
  control.rows_started = control.rows;
  if (control.halted != 0u || control.next_step >= control.steps) { return; }
  if (control.mode != MODE_REQUEST && control.is_full == 0u && !has_room()) {
    control.halted = 1u;
    return;
  }
  let step = steps[control.next_step];
  control.next_step += 1u;
  control.samples = step.samples;
  control.first_row = step.first_row;
  control.result_row = step.result_row;
  control.rate = step.rate;
  control.weight_decay = step.weight_decay;
}
