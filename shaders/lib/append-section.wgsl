// Adds blocks and sections; declares the bindings of the kernels that do so. Only one thread may run this: the order of
// creation is part of the result.
// Every index is checked against the capacity; without room the network simply stops growing.

struct Tally {
  fresh: u32,
  marked: u32,
  synapses: u32,
  unused: u32,
  words: array<u32>,
}

@group(0) @binding(0) var<storage, read_write> control: Control;
@group(0) @binding(1) var<storage, read_write> hexagons: array<Hexagon>;
@group(0) @binding(2) var<storage, read_write> lists: array<u32>;
@group(0) @binding(3) var<storage, read_write> blocks: array<Block>;
@group(0) @binding(4) var<storage, read_write> sections: array<Section>;
@group(0) @binding(5) var<storage, read_write> neurons: array<Neuron>;
@group(0) @binding(6) var<storage, read_write> tiles: array<Tile>;
@group(0) @binding(7) var<storage, read> tally: Tally;
@group(0) @binding(8) var<uniform> scope: Scope;

fn pick_target(hexagon: u32, item: u32) -> u32 {
  let random = draw(DRAW_SECTION_TARGET + hexagon, item, 0u);
  return lists[hexagons[hexagon].first_target + random % hexagons[hexagon].targets];
}

// The `ordinal`th block of a hexagon.
fn member(hexagon: u32, ordinal: u32) -> u32 {
  return within(lists[control.first_member + hexagon * control.block_capacity + ordinal], control.blocks);
}

// Adds a block, with readout weights for every output neuron of the hexagon (`start_readout` fills them).
fn grow_block(hexagon: u32) {
  let block = control.blocks;
  var rows = 0u;
  for (var i = 0u; i < hexagons[hexagon].runs; i++) { rows += lists[hexagons[hexagon].first_run + 2u * i + 1u]; }
  if (block >= control.block_capacity
    || control.tiles + hexagons[hexagon].runs > control.tile_capacity
    || control.rows + rows > control.row_capacity) { return; }
  control.blocks = block + 1u;
  blocks[block].hexagon = hexagon;
  blocks[block].ordinal = hexagons[hexagon].blocks;
  blocks[block].sections = 0u;
  blocks[block].full_until = 0u;
  lists[control.first_member + hexagon * control.block_capacity + hexagons[hexagon].blocks] = block;
  hexagons[hexagon].blocks += 1u;
  for (var n = 0u; n < NEURONS_PER_BLOCK; n++) {
    neurons[block * NEURONS_PER_BLOCK + n] = Neuron(0.0, 0.0, 0.0, 0.0, 0u, 0.0, NONE, 0.0, 0.0);
  }
  for (var i = 0u; i < hexagons[hexagon].runs; i++) {
    let run = hexagons[hexagon].first_run + 2u * i;
    tiles[control.tiles] = Tile(block, lists[run], lists[run + 1u], control.rows);
    control.tiles += 1u;
    control.rows += lists[run + 1u];
  }
}

fn prepare_blocks(hexagon: u32) {
  if (hexagons[hexagon].blocks > 0u) { return; }
  let start = select(START_BLOCKS_HIDDEN, START_BLOCKS_OUTPUT, hexagons[hexagon].role == ROLE_OUTPUT);
  for (var i = 0u; i < start; i++) { grow_block(hexagon); }
}

fn is_full(block: u32) -> bool { return blocks[block].sections >= SECTIONS_PER_BLOCK; }

// The first ordinal after a full block, the `ordinal`th, whose block may have a free place.
fn behind(block: u32, ordinal: u32) -> u32 { return max(blocks[block].full_until, ordinal + 1u); }

// The first block with a free place, searching from the `start`th on and wrapping around. Full blocks store how far the
// search went, so that later searches skip ahead.
fn first_free(hexagon: u32, start: u32) -> u32 {
  let count = hexagons[hexagon].blocks;
  var ordinal = start;
  for (var tried = 0u; tried < 2u * count; tried++) {
    let block = member(hexagon, ordinal);
    if (!is_full(block)) { break; }
    let next = behind(block, ordinal);
    if (next >= count) {
      ordinal = 0u;
      continue;
    }
    let further = member(hexagon, next);
    blocks[block].full_until = next;
    if (is_full(further)) { blocks[block].full_until = behind(further, next); }
    ordinal = next;
  }
  return member(hexagon, ordinal);
}

// Adds an empty section to the first block with a free place, from the `start + copy`th on. NONE when there is no room.
fn append_section(neuron: u32, origin: u32, target_hexagon: u32, start: u32, copy: u32) -> u32 {
  let source = within(neuron, control.blocks * NEURONS_PER_BLOCK);
  if (hexagons[target_hexagon].blocks * SECTIONS_PER_BLOCK - hexagons[target_hexagon].sections < FREE_PLACES_MIN) {
    grow_block(target_hexagon);
  }
  let count = hexagons[target_hexagon].blocks;
  let section = control.sections;
  if (section >= control.section_capacity || hexagons[target_hexagon].sections >= count * SECTIONS_PER_BLOCK) {
    return NONE;
  }
  let block = first_free(target_hexagon, (start % count + copy) % count);
  if (is_full(block)) { return NONE; }

  control.sections = section + 1u;
  blocks[block].places[blocks[block].sections] = section;
  blocks[block].sections += 1u;
  hexagons[target_hexagon].sections += 1u;
  var kind = hexagons[origin].kind;
  if (origin >= target_hexagon) {
    kind |= BACK;
  } else if (hexagons[origin].role == ROLE_HIDDEN) {
    kind |= LEARNS;
  }
  var created: Section;
  created.source = source;
  created.source_hexagon = origin;
  created.target_block = block;
  created.next = neurons[source].head;
  created.seed = draw(DRAW_SECTION_SEED + target_hexagon, section, 0u);
  created.kind = kind;
  created.range = FLOAT_MAX;
  sections[section] = created;
  neurons[source].head = section;
  return section;
}
