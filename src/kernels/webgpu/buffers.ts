import type { Gpu } from "./device.ts";
import { GPUBufferUsage, GPUMapMode } from "./webgpu-flags.ts";

const STORAGE = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;

/**
 * Buffers by their names in the shaders. This class alone destroys them explicitly, because V8's garbage collector does
 * not see the device's memory.
 */
export class Buffers {
  readonly #gpu: Gpu;
  readonly #buffers = new Map<string, GPUBuffer>();
  /** Counts replacements of buffers; a bind group of an earlier version is outdated. */
  version = 0;

  constructor(gpu: Gpu) {
    this.#gpu = gpu;
  }

  get(name: string): GPUBuffer {
    const buffer = this.#buffers.get(name);
    if (buffer === undefined) throw new Error(`there is no buffer '${name}'`);
    return buffer;
  }

  has(name: string): boolean {
    return this.#buffers.has(name);
  }

  /** Total size of all buffers. */
  get bytes(): number {
    return [...this.#buffers.values()].reduce((sum, { size }) => sum + size, 0);
  }

  /** Creates a zeroed buffer of at least `bytes` bytes and destroys the previous one of this name. */
  create(name: string, bytes: number, usage: GPUBufferUsageFlags = STORAGE): GPUBuffer {
    this.#buffers.get(name)?.destroy();
    // A binding must be as large as its struct even if it holds no data, and copies have a granularity of words.
    const size = Math.max(SIZE_MIN, Math.ceil(bytes / 4) * 4);
    const buffer = this.#gpu.device.createBuffer({ label: name, size, usage });
    this.#buffers.set(name, buffer);
    this.version += 1;
    return buffer;
  }

  /** Returns the buffer. If it is smaller than `bytes`, a larger one replaces it and its contents are lost. */
  atLeast(name: string, bytes: number, usage: GPUBufferUsageFlags = STORAGE): GPUBuffer {
    const buffer = this.#buffers.get(name);
    return buffer !== undefined && buffer.size >= bytes ? buffer : this.create(name, bytes, usage);
  }

  /**
   * Enlarges buffers to at least these sizes and keeps their contents. Either all grow, or none grows and the promise
   * rejects because the device is out of memory.
   */
  async grow(sizes: ReadonlyMap<string, number>): Promise<void> {
    const { device } = this.#gpu;
    const larger = new Map<string, GPUBuffer>();
    const wanted = [...sizes].filter(([name, bytes]) => this.get(name).size < bytes);
    try {
      await this.#gpu.checked(() => {
        for (const [name, bytes] of wanted)
          larger.set(name, device.createBuffer({ label: name, size: Math.ceil(bytes / 4) * 4, usage: STORAGE }));
        const encoder = device.createCommandEncoder();
        for (const [name, buffer] of larger) {
          const old = this.get(name);
          encoder.copyBufferToBuffer(old, 0, buffer, 0, old.size);
        }
        device.queue.submit([encoder.finish()]);
      });
    } catch (error) {
      for (const buffer of larger.values()) buffer.destroy();
      throw error;
    }
    for (const [name, buffer] of larger) {
      this.get(name).destroy();
      this.#buffers.set(name, buffer);
    }
    this.version += 1;
  }

  write(name: string, data: Uint32Array | Float32Array | Uint8Array, byteOffset = 0): void {
    if (data.byteLength === 0) return;
    const whole = data.byteLength & ~3;
    const { queue } = this.#gpu.device;
    if (whole > 0) queue.writeBuffer(this.get(name), byteOffset, data.buffer as ArrayBuffer, data.byteOffset, whole);
    if (whole < data.byteLength) {
      const last = new Uint8Array(4);
      last.set(new Uint8Array(data.buffer, data.byteOffset + whole, data.byteLength - whole));
      queue.writeBuffer(this.get(name), byteOffset + whole, last);
    }
  }

  /**
   * Reads the first words of some buffers, after all previously submitted work. `ranges` gives the number of words per
   * buffer.
   */
  async read(ranges: Readonly<Record<string, number>>): Promise<Record<string, Uint32Array<ArrayBuffer>>> {
    const { device } = this.#gpu;
    const entries = Object.entries(ranges).map(([name, words]) => ({ name, bytes: words * 4 }));
    const total = entries.reduce((sum, { bytes }) => sum + bytes, 0);
    const found: Record<string, Uint32Array<ArrayBuffer>> = {};
    for (const { name } of entries) found[name] = new Uint32Array(0);
    if (total === 0) return found;
    // A buffer may have the maximum size, so each gets its own staging buffer unless all are small.
    const groups = total <= SMALL_BYTES ? [entries] : entries.map((entry) => [entry]);
    for (const group of groups) {
      const bytes = group.reduce((sum, entry) => sum + entry.bytes, 0);
      if (bytes === 0) continue;
      const staging = await this.#gpu.checked(() => {
        const buffer = device.createBuffer({ size: bytes, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
        const encoder = device.createCommandEncoder();
        let at = 0;
        for (const entry of group) {
          if (entry.bytes > 0) encoder.copyBufferToBuffer(this.get(entry.name), 0, buffer, at, entry.bytes);
          at += entry.bytes;
        }
        device.queue.submit([encoder.finish()]);
        return buffer;
      });
      try {
        await staging.mapAsync(GPUMapMode.READ);
        const mapped = staging.getMappedRange();
        let at = 0;
        for (const entry of group) {
          found[entry.name] = new Uint32Array(mapped.slice(at, at + entry.bytes));
          at += entry.bytes;
        }
      } finally {
        staging.destroy();
      }
    }
    return found;
  }

  destroy(): void {
    for (const buffer of this.#buffers.values()) buffer.destroy();
    this.#buffers.clear();
  }
}

/** Larger than any struct of the shaders. */
const SIZE_MIN = 4096;
const SMALL_BYTES = 16 * 1024 * 1024;
