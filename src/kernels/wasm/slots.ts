/**
 * Layout of the wasm memory. The compilers of the kernels and of the host read this same file, so it contains only
 * numbers.
 *
 * The memory starts with the kernels' static data, followed by a table of 32-bit words at `TABLE` and by the arena. A
 * word of the table is the address of an array (AT_...) or a parameter of the current call.
 */
export const TABLE = 8192;
export const ARENA = 65536;
export const THREADS_MAX = 64;

/** Kinds of source hexagons. */
export const KIND_INPUT = 0;
export const KIND_MATCH = 1;
export const KIND_NEURON = 2;

export const ROLE_INPUT = 0;
export const ROLE_HIDDEN = 1;
export const ROLE_OUTPUT = 2;

// Arrays of the state, named like those of `LAYOUT`.
export const AT_HEADER = 0;
export const AT_BLOCK_HEXAGON = 1;
export const AT_BLOCK_SECTIONS = 2;
export const AT_PLACES = 3;
export const AT_SECTION_HEAD = 4;
export const AT_BIAS = 5;
export const AT_BIAS_MOMENT = 6;
export const AT_BIAS_SQUARE = 7;
export const AT_POTENTIAL = 8;
export const AT_REFRACTORY = 9;
export const AT_LAST_VALUE = 10;
export const AT_SOURCE = 11;
export const AT_TARGET = 12;
export const AT_NEXT = 13;
export const AT_SEED = 14;
export const AT_RAMPS = 15;
export const AT_LOWER = 16;
export const AT_RANGE = 17;
export const AT_TOLERANCE = 18;
export const AT_SPLIT = 19;
export const AT_VISITS = 20;
export const AT_LARGEST = 21;
export const AT_RECOVERIES = 22;
export const AT_ENDS = 23;
export const AT_WEIGHT = 24;
export const AT_WEIGHT_MOMENT = 25;
export const AT_RAMP_SQUARE = 26;
export const AT_TILE_BLOCK = 27;
export const AT_TILE_OUTPUT = 28;
export const AT_TILE_OUTPUT_COUNT = 29;
export const AT_TILE_ROW = 30;
export const AT_READOUT = 31;
export const AT_READOUT_MOMENT = 32;
export const AT_READOUT_SQUARE = 33;
export const AT_OUTPUT_BIAS = 34;
export const AT_OUTPUT_BIAS_MOMENT = 35;
export const AT_OUTPUT_BIAS_SQUARE = 36;
export const AT_DELTA_MEAN = 37;
export const AT_RAMP_MEAN = 38;
export const AT_SEEN_ONLINE = 39;

// Words of the state's header that the kernels read.
export const HEADER_BLOCKS = 1;
export const HEADER_SECTIONS = 2;
export const HEADER_TILES = 3;
export const HEADER_ROWS = 4;
export const HEADER_ADAM_STEPS = 9;
export const HEADER_ONLINE_SAMPLES = 10;

/** [section] records of `HOT_BYTES`, derived from the state for the forward pass and growth; see hot.ts. */
export const AT_HOT = 40;
export const HOT_BYTES = 64;
/** [hexagon] records of `HEXAGON_BYTES` with the words below. */
export const AT_HEXAGONS = 41;
export const HEXAGON_COUNT = 42;
export const HEXAGON_BYTES = 64;
export const HEXAGON_ROLE = 0;
export const HEXAGON_KIND = 4;
export const HEXAGON_BLOCKS = 8;
export const HEXAGON_BLOCK_COUNT = 12;
/** Hexagons before this one that may feed it. */
export const HEXAGON_SOURCES = 16;
export const HEXAGON_SOURCE_COUNT = 20;
/** This hexagon or later ones that may feed it: they show their values of the previous step. */
export const HEXAGON_BACKS = 24;
export const HEXAGON_BACK_COUNT = 28;
/** Number of hexagons that this one may feed. */
export const HEXAGON_TARGET_COUNT = 32;
/** Blocks of hidden and output hexagons. */
export const AT_NEURON_BLOCKS = 43;
export const NEURON_BLOCK_COUNT = 44;
/**
 * [block]: its rank, 1 + the number of neuron blocks before it. All blocks of inputs have rank 0: in arrays that only
 * neurons need they share one row, which may hold anything. New blocks change no rank.
 */
export const AT_RANKS = 45;

// Scratch arrays of one step, with room for STRIDE samples; [block][sample][neuron] unless noted otherwise.
export const AT_VALUE = 50;
/** [rank][sample][neuron]: 1 + the neuron's input; infinite where no delta passes. */
export const AT_DENOMINATOR = 51;
/** [rank][tile of 32 neurons][learner][neuron] */
export const AT_DELTA = 52;
/** [block][sample]: number of neurons > 0, and their indices within the block as bytes in rows of ACTIVE_STRIDE. */
export const AT_ACTIVE_COUNT = 53;
export const AT_ACTIVE = 54;
export const ACTIVE_STRIDE = 144;
/** [row of the call][output neuron] */
export const AT_OUTPUT = 55;
export const AT_EXPECTED = 56;
/** [sample of the step][output neuron] */
export const AT_ERROR = 57;
/** [row of the call]: bytes, 1 = the row is excluded from learning. */
export const AT_MUTED = 58;
/** [learner]: its sample. [sample]: 1 = learns. */
export const AT_LEARNERS = 59;
export const AT_LEARNS = 60;
/** [neuron][entry]: learners for which a source is > 0 (as byte offset into a tile of deltas), and its values there. */
export const AT_COLUMN_COUNT = 61;
export const AT_COLUMN_OFFSET = 62;
export const AT_COLUMN_VALUE = 63;
/** Room of a column beyond STRIDE, in entries. */
export const COLUMN_GAP = 16;
/** [rank][item][neuron]: how far the weight steps shift the neurons' mean inputs, for at most SOURCE_ITEMS items. */
export const AT_BIAS_SHIFT = 64;
export const SOURCE_ITEMS = 32;
/** [rank][neuron] */
export const AT_DELTA_SUM = 66;
/** [input] records of `COLUMN_BYTES` with the words below, for the rows that came with the call. */
export const AT_INPUT_COLUMNS = 67;
export const INPUT_COLUMN_COUNT = 68;
export const COLUMN_BYTES = 32;
export const COLUMN_ROWS = 0;
/** 1 = bytes, 0 = f32 */
export const COLUMN_IS_BYTES = 4;
export const COLUMN_WIDTH = 8;
/** Values from the start of one row to the next. */
export const COLUMN_STRIDE = 12;
export const COLUMN_HEXAGON = 16;
export const COLUMN_IS_BINARY = 20;
export const AT_ROWS = 73;
/** [output neuron]: 1 when its hexagon has neurons, else 0. */
export const AT_OUTPUT_ALIVE = 69;
/** [step of the call]: learning rate. */
export const AT_RATES = 70;
/** [neuron]: largest value of the step, and the number of samples in which it was > 0. */
export const AT_TOP = 71;
export const AT_VISITED = 72;
/** [output]: records of `SCORED_BYTES` with the words below, and behind them the neurons [position][value] of each. */
export const AT_SCORED = 74;
export const SCORED_COUNT = 75;
export const SCORED_BYTES = 32;
export const SCORED_KIND = 0;
export const SCORED_POSITIONS = 4;
export const SCORED_WIDTH = 8;
export const SCORED_NEURONS = 12;
/** 1 = the neurons of each position follow each other, and all positions are equally wide. */
export const SCORED_IS_ROW = 16;
/** Floats, see `ScoredOutput`. */
export const SCORED_WANTED = 20;
export const SCORED_OTHER = 24;
export const SCORED_LEAST = 28;
/** [item of `SCORE_ROWS` rows][output]: the sums of `OutputTally` in its order, as doubles. */
export const AT_SCORES = 76;
export const SCORE_ROWS = 256;
export const SCORES_BYTES = 64;
/** Address of each thread's local memory, THREADS_MAX words. */
export const AT_LOCALS = 80;
export const LOCAL_STARTS = 144;
export const LOCAL_LISTS = 145;
export const LOCAL_RECORDS = 146;
export const LOCAL_RAMP = 147;
/** Only for single samples; see local.ts. */
export const LOCAL_SHIFTS = 148;
export const LOCAL_TOUCHED = 149;
/** An entry there: activations of the four tiles, address of the hot record, `cursors` of that. */
export const TOUCHED_BYTES = 32;
/** Shifts are summed in several places in turn, so that no sum waits for the one before. */
export const SHIFT_SUMS = 4;

// Parameters of a call.
export const COUNT = 150;
export const STEP = 151;
export const STRIDE = 152;
/** Number of samples that a thread processes at once. */
export const CHUNK = 153;
export const OUTPUTS = 154;
export const IS_BATCH = 155;
export const IS_SPIKING = 156;
export const COOLDOWN = 157;
export const REFRACTORY = 158;
export const HAS_BACK_EDGES = 159;
export const THREADS = 160;
/** Weight decay of the batch rule. */
export const DECAY = 162;
/** 1 = training computes one sample at a time on one thread, without the arrays that threads share. */
export const IS_SINGLE = 161;

// Set by the kernels during a step.
export const ROW = 170;
export const SAMPLES = 171;
export const LEARNERS = 172;
export const RATE = 173;
export const FLAG_NEW = 174;
export const FLAG_SPLIT = 175;
/** Number of sections before the allocation; GROW_NEW handles the later ones. */
export const FIRST_SECTION = 176;
/** 1 = a section refers to something outside of the state; see `refresh`. */
export const FAULT = 177;
/** 1 = a helper stopped in the middle of the phase. */
export const FAILED = 178;
/** The share of a sample in means that AT_DECAYS is for. */
export const DECAY_SHARE = 179;
/** Samples of the call that were learnt from. */
export const LEARNT = 180;

// The thread pool: the current phase, whether it is open, and how many helpers are done. The three groups are 64 bytes
// apart, so that they share no cache line.
export const PHASE = 192;
export const PHASE_HEXAGON = 193;
export const PHASE_ITEMS = 194;
/**
 * Number of the phase * 256, plus PHASE_CLOSED when no helper can join any more, plus PHASE_LEAVE when helpers must
 * leave this memory, plus the number of helpers that joined. Phase numbers continue when another network enters the
 * memory: a late helper must not mistake an old phase for a new one.
 */
export const OPEN_PHASE = 208;
export const PHASE_CLOSED = 128;
export const PHASE_LEAVE = 64;
/** Number of helpers that joined the phase and have finished it. */
export const DONE = 224;
export const SLOT_COUNT = 256;

/** [thread]: how many of its items have been taken; the counters are 64 bytes apart. */
export const AT_TAKEN = TABLE + 16384;

/**
 * [mask of 4 bits]: indices 0..3 of the lanes whose bit is set, as bytes: 16 words. Then the same as byte shuffles: 16
 * vectors.
 */
export const AT_LANES = TABLE + 4096;
export const AT_SHUFFLES = TABLE + 4096 + 64;
/** [mask of 8 bits]: indices 0..7 of the lanes of two vectors whose bit is set, as bytes: 256 double words. */
export const AT_OCTETS = TABLE + 8192;
/** [samples missed]: what is left of a ramp's mean activation. */
export const AT_DECAYS = TABLE + 32768;
export const DECAY_COUNT = 2048;
