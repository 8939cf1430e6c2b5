// Adds sections for the neurons that `find_fresh` found, in order of neurons: one in a random block of a random target
// hexagon, or one in each block of that hexagon while it has few sections.
// One workgroup: its threads fetch the words of 32 blocks at a time, the first thread alone adds the sections.
// uses: types, random, append-section

var<workgroup> words: array<u32, 128>;
// Number of blocks at the start: blocks that are added to the hexagon itself hold no values yet.
var<workgroup> blocks_before: u32;

@compute @workgroup_size(128)
fn main(@builtin(local_invocation_index) n: u32) {
  if (tally.fresh == 0u) { return; }
  if (n == 0u) { blocks_before = select(control.blocks, 0u, control.samples == 0u); }
  let count = workgroupUniformLoad(&blocks_before);
  for (var first = 0u; first < count; first += 32u) {
    let block = first + n / 4u;
    var word = 0u;
    if (block < count) {
      if (blocks[block].hexagon == scope.hexagon) { word = tally.words[block * 4u + n % 4u]; }
    }
    words[n] = word;
    workgroupBarrier();
    if (n == 0u) {
      for (var i = 0u; i < 128u; i++) {
        var rest = words[i];
        while (rest != 0u) {
          connect(first * NEURONS_PER_BLOCK + i * 32u + firstTrailingBit(rest));
          rest &= rest - 1u;
        }
      }
    }
    workgroupBarrier();
  }
}

fn connect(source: u32) {
  let hexagon = scope.hexagon;
  let target_hexagon = pick_target(hexagon, source);
  prepare_blocks(target_hexagon);
  let is_few = hexagons[target_hexagon].sections < FEW_SECTIONS;
  let start = draw(DRAW_SECTION_BLOCK + hexagon, source, 0u);
  let copies = select(1u, hexagons[target_hexagon].blocks, is_few);
  let is_refined = is_few && (hexagons[hexagon].kind & (FROM_INPUT | MATCH)) == FROM_INPUT;
  for (var copy = 0u; copy < copies; copy++) {
    let section = append_section(source, hexagon, target_hexagon, start, copy);
    if (section == NONE) { return; }
    if (is_refined) { sections[section].tolerance = TOLERANCE_START; }
  }
}
