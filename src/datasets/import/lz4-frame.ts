/**
 * The LZ4 frame format, the usual compression of Arrow files: magic, flags, then blocks that may refer to the output of
 * earlier blocks.
 */
const MAGIC = 0x184d2204;
const HAS_BLOCK_CHECKSUM = 0x10;
const HAS_CONTENT_SIZE = 0x08;
const HAS_DICTIONARY = 0x01;
const IS_STORED = 0x80000000;

/** Decodes one frame into `output`, which it must fill exactly. Throws RangeError when it is damaged. */
export function decodeLz4Frame(input: Uint8Array, output: Uint8Array): void {
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  if (view.getUint32(0, true) !== MAGIC) throw new RangeError("not an LZ4 frame");
  const flags = view.getUint8(4);
  if (flags & HAS_DICTIONARY) throw new RangeError("LZ4 dictionaries are not supported");
  // Magic, flags, block size and header checksum take 7 bytes, around the optional content size.
  let at = 7 + (flags & HAS_CONTENT_SIZE ? 8 : 0);
  let end = 0;
  for (;;) {
    const size = view.getUint32(at, true);
    at += 4;
    if (size === 0) break;
    const bytes = size & ~IS_STORED;
    if (at + bytes > input.length) throw new RangeError("an LZ4 block ends too early");
    const block = input.subarray(at, at + bytes);
    if (size & IS_STORED) {
      output.set(block, end);
      end += bytes;
    } else end = decodeBlock(block, output, end);
    at += bytes + (flags & HAS_BLOCK_CHECKSUM ? 4 : 0);
  }
  if (end !== output.length) throw new RangeError("an LZ4 frame has another size than it should");
}

/** Decodes a block into `output` from `start` on. Returns the new end. */
function decodeBlock(input: Uint8Array, output: Uint8Array, start: number): number {
  let end = start;
  let at = 0;
  const length = (nibble: number) => {
    let sum = nibble;
    if (nibble === 15) {
      let byte: number;
      do {
        byte = input[at++] ?? Number.NaN;
        sum += byte;
      } while (byte === 255);
    }
    return sum;
  };
  while (at < input.length) {
    const token = input[at++] as number;
    const literals = length(token >> 4);
    if (!(at + literals <= input.length)) throw new RangeError("LZ4 literals end too early");
    output.set(input.subarray(at, at + literals), end);
    end += literals;
    at += literals;
    // The last sequence has literals only.
    if (at === input.length) break;
    const offset = (input[at] as number) | ((input[at + 1] ?? Number.NaN) << 8);
    at += 2;
    const matched = length(token & 15) + 4;
    if (offset === 0 || offset > end || !(end + matched <= output.length))
      throw new RangeError("an LZ4 match is wrong");
    // Byte by byte, because a match may overlap its own output.
    for (let from = end - offset, stop = end + matched; end < stop; end++, from++) output[end] = output[from] as number;
  }
  return end;
}
