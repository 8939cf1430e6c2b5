import { NEURONS_PER_BLOCK, SYNAPSES_PER_SECTION } from "../../network/constants.ts";
import { MemoryFullError } from "../../network/memory-full-error.ts";
import type { NetworkModel } from "../../network/network-model.ts";
import { RunError } from "../../network/run.ts";
import { bytesPer } from "../../network/state.ts";
import { Buffers } from "./buffers.ts";
import { besideFewer, type Gpu } from "./device.ts";
import {
  memberList,
  packRecords,
  structs,
  unpackRecords,
  type Counts,
  type HostPart,
  type Records,
} from "./records.ts";
import { emptyScores } from "../../network/run-scores.ts";
import { packScored, scoresWords } from "./score-records.ts";
import { roomForStep, roomToGrow, withinState, type Room } from "./room.ts";

const CONTROL = structs("Control");
/** Number of words in `tally` before its bits. */
const TALLY_WORDS = 4;

/** A device, and what frees its memory: see `besideFewer`. */
export interface Place {
  gpu: Gpu;
  dropIdle: () => boolean;
}

/** One network in a device's memory: pools with room to grow, and the scratch buffers of a step. */
export class NetworkBuffers {
  readonly buffers: Buffers;
  readonly host: HostPart;
  counts: Counts;
  room: Room;
  /** The device has no memory for growth: the network continues to learn without growing. */
  isFull = false;
  readonly runs: number;
  readonly hexagonCount: number;
  readonly #gpu: Gpu;
  readonly #dropIdle: () => boolean;
  readonly #listWords: number;
  readonly #seed: number;
  readonly #scoresWords: number;
  #samples = 0;

  private constructor({ gpu, dropIdle }: Place, records: Records & { host: HostPart }) {
    this.#gpu = gpu;
    this.#dropIdle = dropIdle;
    this.buffers = new Buffers(gpu);
    this.host = records.host;
    this.counts = { ...records.counts };
    this.runs = records.runs;
    this.hexagonCount = records.host.template.hexagons.length;
    this.#listWords = records.lists.length;
    this.#seed = records.seed;
    this.#scoresWords = scoresWords(emptyScores(records.host.template).outputs.length);
    this.room = this.#bounded(roomToGrow(this.counts, this.#shape));
  }

  /** Copies a network to the device. Rejects if it does not fit. */
  static async upload(place: Place, model: NetworkModel): Promise<NetworkBuffers> {
    const { gpu } = place;
    const records = packRecords(model);
    const network = new NetworkBuffers(place, records);
    const { buffers, counts, room } = network;
    const scored = packScored(model);
    const bounds = { ...room, output: GROUPS_MAX };
    for (const per of ["block", "section", "tile", "row", "output"] as const)
      if (counts[per] > bounds[per]) throw new MemoryFullError(`the device has no room for ${counts[per]} ${per}s`);
    try {
      await gpu.checked(() => {
        for (const [name, bytes] of network.#poolBytes(room)) buffers.create(name, bytes);
        buffers.create("hexagons", records.hexagons.byteLength);
        buffers.create("outputs", records.outputs.byteLength);
        buffers.create("control", CONTROL.words * 4);
        buffers.create("scored", scored.byteLength);
        buffers.create("scores", network.#scoresWords * 4);
        for (const name of POOLED)
          if (name in records) buffers.write(name, records[name as keyof Records] as Uint32Array);
        buffers.write("hexagons", records.hexagons);
        buffers.write("outputs", records.outputs);
        buffers.write("scored", scored);
        buffers.write("lists", memberList(records.blocks, network.#memberShape()), network.#listWords * 4);
        network.#writeControl(records);
      });
    } catch (error) {
      network.destroy();
      throw error;
    }
    return network;
  }

  /** Copies the network from the device. `header` provides the counters that only the host keeps. */
  async download(header: Uint32Array): Promise<NetworkModel> {
    const { counts } = this;
    const found = await this.buffers.read({
      control: CONTROL.words,
      blocks: counts.block * structs("Block").words,
      neurons: counts.block * NEURONS_PER_BLOCK * structs("Neuron").words,
      sections: counts.section * structs("Section").words,
      tiles: counts.tile * structs("Tile").words,
      outputs: counts.output * structs("Output").words,
      weights: counts.section * SYNAPSES_PER_SECTION,
      moments: counts.section * SYNAPSES_PER_SECTION,
      readout: counts.row * NEURONS_PER_BLOCK,
      readout_moments: counts.row * NEURONS_PER_BLOCK * 2,
    });
    const floats = (name: string) => new Float32Array(found[name]!.buffer);
    const records: Records = {
      counts,
      adamSteps: found["control"]![CONTROL.at("adam_steps")]!,
      onlineSamples: found["control"]![CONTROL.at("online_samples")]!,
      seed: this.#seed,
      lists: new Uint32Array(0),
      runs: this.runs,
      hexagons: new Uint32Array(0),
      blocks: found["blocks"]!,
      neurons: found["neurons"]!,
      sections: found["sections"]!,
      tiles: found["tiles"]!,
      outputs: found["outputs"]!,
      weights: floats("weights"),
      moments: floats("moments"),
      readout: floats("readout"),
      readout_moments: floats("readout_moments"),
    };
    return unpackRecords(records, { ...this.host, header });
  }

  /**
   * Allocates scratch buffers for steps of this many samples. If memory is short, reduces the room for future blocks.
   * Rejects with RunError for more samples than the device can hold.
   */
  async ensureSamples(samples: number): Promise<void> {
    if (samples <= this.#samples) return;
    const perSample = Math.max(this.counts.block * NEURONS_PER_BLOCK, this.counts.output) * 4;
    if (samples * perSample > this.#gpu.maxBufferBytes || samples > SAMPLES_MAX)
      throw new RunError(`this device cannot compute ${samples} samples at once`);
    this.#samples = samples;
    const bounded = this.#bounded(this.room);
    if (bounded.block < this.room.block) {
      this.room = bounded;
      await this.#placeMembers();
      this.writeFields(this.#capacities());
    }
    const adamAndCounts = CONTROL.words * 4;
    // The list of learners follows the fixed words of `control`.
    if (this.buffers.get("control").size < adamAndCounts + samples * 4) {
      const old = this.buffers.get("control");
      const encoder = this.#gpu.device.createCommandEncoder();
      const kept = this.#gpu.device.createBuffer({ size: adamAndCounts, usage: old.usage });
      encoder.copyBufferToBuffer(old, 0, kept, 0, adamAndCounts);
      this.#gpu.device.queue.submit([encoder.finish()]);
      const larger = this.buffers.create("control", adamAndCounts + samples * 4);
      const back = this.#gpu.device.createCommandEncoder();
      back.copyBufferToBuffer(kept, 0, larger, 0, adamAndCounts);
      this.#gpu.device.queue.submit([back.finish()]);
      kept.destroy();
    }
    this.buffers.atLeast("errors", samples * this.counts.output * 4);
    this.buffers.atLeast("skipped", samples * 4);
    this.#coverValues();
  }

  /** Updates the counts from the device's `control` words. */
  adopt(control: Uint32Array): void {
    this.counts.block = control[CONTROL.at("blocks")]!;
    this.counts.section = control[CONTROL.at("sections")]!;
    this.counts.tile = control[CONTROL.at("tiles")]!;
    this.counts.row = control[CONTROL.at("rows")]!;
  }

  /** Enlarges the pools so that the halted step can begin. If that is impossible, the network stops growing. */
  async makeRoom(): Promise<void> {
    const wanted = this.#bounded(roomToGrow(this.counts, this.#shape));
    const needed = roomForStep(this.counts, this.#shape);
    const fits = (["block", "section", "tile", "row"] as const).every((per) => wanted[per] >= needed[per]);
    this.isFull = !(fits && (await this.#grow(wanted)));
    this.writeFields({ is_full: this.isFull ? 1 : 0, halted: 0, ...this.#capacities() });
  }

  async #grow(room: Room): Promise<boolean> {
    const sizes = this.#poolBytes(room);
    try {
      await besideFewer(() => this.buffers.grow(sizes), this.#dropIdle);
      this.room = room;
      this.#coverValues();
      await this.#placeMembers();
      return true;
    } catch {
      return false;
    }
  }

  /** Sets words of `control`. */
  writeFields(fields: Record<string, number>): void {
    for (const [field, value] of Object.entries(fields))
      this.buffers.write("control", Uint32Array.of(value), CONTROL.at(field) * 4);
  }

  /** Reads the first words of some buffers, and takes the sums of `score.wgsl` with them. */
  async readWithScores(ranges: Readonly<Record<string, number>>): Promise<Record<string, Uint32Array>> {
    const found = await this.buffers.read({ ...ranges, scores: this.#scoresWords });
    this.buffers.write("scores", new Uint32Array(this.#scoresWords));
    return found;
  }

  async readControl(): Promise<Uint32Array> {
    const { control } = await this.buffers.read({ control: CONTROL.words });
    return control!;
  }

  /** Bytes of the state outside the pools. */
  get otherBytes(): number {
    const { output } = this.counts;
    return bytesPer("network") + this.host.inputWidth.length * bytesPer("input") + output * bytesPer("output");
  }

  destroy(): void {
    this.buffers.destroy();
  }

  get #shape() {
    return { hexagons: this.hexagonCount, runs: this.runs };
  }

  #memberShape() {
    return { blocks: this.counts.block, hexagons: this.hexagonCount, blockCapacity: this.room.block };
  }

  /** Rewrites the lists of the hexagons' blocks after the room for blocks has changed. */
  async #placeMembers(): Promise<void> {
    const { blocks } = await this.buffers.read({ blocks: this.counts.block * structs("Block").words });
    this.buffers.write("lists", memberList(blocks!, this.#memberShape()), this.#listWords * 4);
  }

  #capacities(): Record<string, number> {
    const { block, section, tile, row } = this.room;
    return { block_capacity: block, section_capacity: section, tile_capacity: tile, row_capacity: row };
  }

  #writeControl({ adamSteps, onlineSamples }: Records): void {
    const { block, section, tile, row, output } = this.counts;
    this.writeFields({
      blocks: block,
      sections: section,
      tiles: tile,
      rows: row,
      outputs: output,
      seed: this.#seed,
      adam_steps: adamSteps,
      online_samples: onlineSamples,
      hexagons: this.hexagonCount,
      runs: this.runs,
      first_member: this.#listWords,
      ...this.#capacities(),
    });
  }

  #coverValues(): void {
    const bytes = this.room.block * this.#samples * NEURONS_PER_BLOCK * 4;
    this.buffers.atLeast("values", bytes);
    this.buffers.atLeast("deltas", bytes);
  }

  #poolBytes(room: Room): Map<string, number> {
    const words: Record<(typeof POOLED)[number], number> = {
      lists: this.#listWords + this.hexagonCount * room.block,
      blocks: room.block * structs("Block").words,
      neurons: room.block * NEURONS_PER_BLOCK * structs("Neuron").words,
      tally: TALLY_WORDS + room.block * 4,
      sections: room.section * structs("Section").words,
      weights: room.section * SYNAPSES_PER_SECTION,
      moments: room.section * SYNAPSES_PER_SECTION,
      changes: room.section * SYNAPSES_PER_SECTION,
      tiles: room.tile * structs("Tile").words,
      readout: room.row * NEURONS_PER_BLOCK,
      readout_moments: room.row * NEURONS_PER_BLOCK * 2,
    };
    return new Map(Object.entries(words).map(([name, count]) => [name, count * 4]));
  }

  /** Caps room at the maximum size of the device's buffers and of a network's state. */
  #bounded(room: Room): Room {
    const words = this.#gpu.maxBufferBytes / 4;
    const scratch = NEURONS_PER_BLOCK * Math.max(this.#samples, structs("Neuron").words);
    const bounded = {
      block: Math.min(room.block, Math.floor(words / scratch), GROUPS_MAX),
      section: Math.min(room.section, Math.floor(words / SYNAPSES_PER_SECTION)),
      tile: Math.min(
        room.tile,
        Math.floor(words / structs("Tile").words),
        Math.floor(LOOKS_MAX / Math.max(1, this.counts.output)),
        GROUPS_MAX,
      ),
      row: Math.min(room.row, Math.floor(words / (NEURONS_PER_BLOCK * 2))),
    };
    return withinState(this.counts, bounded, this.otherBytes);
  }
}

const POOLED = [
  "lists",
  "blocks",
  "neurons",
  "tally",
  "sections",
  "weights",
  "moments",
  "changes",
  "tiles",
  "readout",
  "readout_moments",
] as const;

/** Maximum number of workgroups in one dimension of a dispatch. */
const GROUPS_MAX = 65_535;
/** Every output neuron searches all tiles for its own. This cap keeps every step within seconds. */
const LOOKS_MAX = 2 ** 27;
/** Samples are a dimension of dispatches, so they have the limit of workgroups. */
const SAMPLES_MAX = 65_535;
