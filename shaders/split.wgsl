// Splits the full sections that a hexagon feeds, in order of sections: the old one keeps the lower half of its ramps
// and of its range, a new one in a random block takes the rest.
// One workgroup: its threads check 128 sections at a time, the first thread alone adds the new ones.
// uses: types, random, append-section

var<workgroup> is_marked: array<u32, 128>;
var<workgroup> sections_before: u32;

@compute @workgroup_size(128)
fn main(@builtin(local_invocation_index) n: u32) {
  if (tally.marked == 0u) { return; }
  if (n == 0u) { sections_before = select(control.sections, 0u, control.samples == 0u); }
  let count = workgroupUniformLoad(&sections_before);
  for (var first = 0u; first < count; first += 128u) {
    var marked = false;
    if (first + n < count) {
      marked = sections[first + n].split > 0.0 && sections[first + n].source_hexagon == scope.hexagon;
    }
    is_marked[n] = select(0u, 1u, marked);
    workgroupBarrier();
    if (n == 0u) {
      for (var i = 0u; i < 128u; i++) {
        if (is_marked[i] != 0u) { divide(first + i, count); }
      }
    }
    workgroupBarrier();
  }
}

fn divide(old: u32, sections_at_start: u32) {
  let hexagon = scope.hexagon;
  let border = sections[old].split;
  sections[old].split = 0.0;
  let source = sections[old].source;
  let target_hexagon = pick_target(hexagon, sections_at_start + old);
  prepare_blocks(target_hexagon);
  let is_fine = hexagons[target_hexagon].sections < FINE_SECTIONS;
  let start = draw(DRAW_SECTION_BLOCK + hexagon, source, old + 1u);
  let upper = append_section(source, hexagon, target_hexagon, start, 0u);
  if (upper == NONE) { return; }
  sections[upper].lower = sections[old].lower + border;
  if (is_fine) { sections[upper].tolerance = sections[old].tolerance; }
  sections[upper].range = sections[old].range - border;
  sections[old].range = border;
  sections[old].ramps = ramp_count(sections[old].kind) / 2u;
  for (var run = 2u; run < 4u; run++) { sections[old].means[tile_of_run(sections[old].seed, run)] = 0.0; }
}
