/** Mutates trained states: one field, or a few related fields together. */
import { NONE, SECTIONS_PER_BLOCK } from "../../../src/network/constants.ts";
import { ARRAY_NAMES, HEADER, LAYOUT, type ArrayName } from "../../../src/network/layout.ts";
import { decodeSafetensors, encodeSafetensors, type Tensor, type Tensors } from "../../../src/network/safetensors.ts";
import { checksum } from "../../../src/network/state-file.ts";
import { createRandom, type Random } from "../../support/random.ts";
import { TEMPLATES } from "./bases.ts";

export interface Mutant {
  bytes: Uint8Array;
  /** The mutation, for people. */
  what: string;
}

type Words = Record<ArrayName, Uint32Array>;

/** A state to mutate: its arrays as words, and the rest of its file. */
interface Subject {
  random: Random;
  content: Tensors;
  /** All arrays as words; floats by their bits. */
  words: Words;
  notes: string[];
}

/** Mutant number `nth` of a seed; the same every time. */
export function mutantOf(bases: readonly Uint8Array[], seed: number, nth: number): Mutant {
  const random = createRandom(Math.imul(seed, 0x9e3779b1) + Math.imul(nth, 0x85ebca6b));
  const base = random.int(0, bases.length - 1);
  const content = decodeSafetensors(bases[base]!.slice());
  const words = {} as Words;
  for (const [name, { bytes }] of content.tensors) words[name as ArrayName] = new Uint32Array(bytes.slice().buffer);
  const subject = { random, content, words, notes: [`base ${base}`] };
  for (let changes = random.pick([1, 1, 1, 2, 3]); changes > 0; changes--) random.pick(CHANGES)(subject);
  return { bytes: fileOf(subject), what: subject.notes.join(", ") };
}

const CHANGES: readonly ((subject: Subject) => void)[] = [
  setElement,
  setElement,
  setElement,
  setNumber,
  swapElements,
  swapElements,
  setHeader,
  moveList,
  moveList,
  moveSection,
  moveSection,
  reverseList,
  changeTemplate,
  changeLength,
];

const countOf = ({ words }: Subject, per: keyof typeof HEADER) => words.header[HEADER[per]]!;

function used(subject: Subject, name: ArrayName): number {
  const { random, words } = subject;
  const last = words[name].length - 1;
  // Only the first places of a block are in use.
  if (name === "places" && last >= 0 && random.int(0, 3) > 0)
    return random.int(0, words.blockSections.length - 1) * SECTIONS_PER_BLOCK + random.int(0, 3);
  return random.pick([0, last, random.int(0, Math.max(0, last)), random.int(0, Math.max(0, last))]);
}

function oddWord(subject: Subject, current: number): number {
  const { random } = subject;
  const counts = (["input", "block", "section", "tile", "row", "output"] as const).map((per) => countOf(subject, per));
  const edges = [...counts, counts[1]! * 128, 128, 512, 5].flatMap((n) => [n - 1, n, n + 1]);
  const near = [current + 1, current - 1, current ^ 1, current + 128, random.int(0, 2 ** 32 - 1)];
  return random.pick([0, 1, 2, 3, 4, random.int(0, 16), 2 ** 31, NONE, NONE - 1, ...edges, ...near]) >>> 0;
}

const FLOATS = [NaN, Infinity, -Infinity, 0, -0, 1, -1, 1e-45, -1e-45, 1e-38, 1e-7, 0.49, 1e6, -1e6, 1e7, 2 ** 100];
const floats = new Float32Array(1);
const bits = new Uint32Array(floats.buffer);

function oddFloat({ random }: Subject, current: number): number {
  bits[0] = current;
  const [value] = floats;
  floats[0] = random.pick([...FLOATS, 3.4028234663852886e38, -3.4e38, value! * 2, value! / 2, -value!, random.next()]);
  return bits[0];
}

function setElement(subject: Subject): void {
  const { random, words, notes } = subject;
  const name = random.pick(ARRAY_NAMES);
  if (words[name].length === 0) return;
  const at = used(subject, name);
  const before = words[name][at]!;
  words[name][at] = LAYOUT[name].type === "u32" ? oddWord(subject, before) : oddFloat(subject, before);
  notes.push(`${name}[${at}]: ${before} to ${words[name][at]}`);
}

/** Fills a whole float array with one value: most floats of a state are not checked one by one. */
function setNumber(subject: Subject): void {
  const { random, words, notes } = subject;
  const name = random.pick(ARRAY_NAMES.filter((each) => LAYOUT[each].type === "f32"));
  const value = oddFloat(subject, words[name][0] ?? 0);
  words[name].fill(value);
  notes.push(`all ${name} are ${value}`);
}

function swapElements(subject: Subject): void {
  const { random, words, notes } = subject;
  const name = random.pick([
    ...ARRAY_NAMES,
    ...(["target", "source", "sectionHead", "next", "places", "tileBlock", "tileRow", "tileOutput"] as const),
    ...(["tileOutputCount", "blockHexagon", "blockSections", "outputOwner"] as const),
  ]);
  if (words[name].length < 2) return;
  const [a, b] = [used(subject, name), used(subject, name)];
  const array = words[name];
  [array[a], array[b]] = [array[b]!, array[a]!];
  notes.push(`${name}[${a}] and [${b}] swapped`);
}

function setHeader(subject: Subject): void {
  const { random, words, notes } = subject;
  const at = random.int(0, LAYOUT.header.width - 1);
  words.header[at] = oddWord(subject, words.header[at]!);
  notes.push(`header[${at}]: ${words.header[at]}`);
}

/** Gives a list of sections to another neuron or value. */
function moveList({ random, words, notes }: Subject): void {
  const { sectionHead, source, next } = words;
  const heads = [...sectionHead.keys()].filter((id) => sectionHead[id] !== NONE);
  if (heads.length === 0) return;
  const from = random.pick(heads);
  const to = random.int(0, sectionHead.length - 1);
  for (let s = sectionHead[from]!, met = 0; s < next.length && met <= next.length; s = next[s]!, met++) source[s] = to;
  [sectionHead[to], sectionHead[from]] = [sectionHead[from]!, sectionHead[to]!];
  notes.push(`list of ${from} to ${to}`);
}

/** Moves a section to another block, which lists it among its places. */
function moveSection({ random, words, notes }: Subject): void {
  const { target, places, blockSections } = words;
  if (target.length === 0) return;
  const section = random.int(0, target.length - 1);
  const from = target[section]!;
  const to = random.int(0, blockSections.length - 1);
  if (from >= blockSections.length || blockSections[to]! >= SECTIONS_PER_BLOCK) return;
  const list = (block: number) => [
    ...places.subarray(block * SECTIONS_PER_BLOCK, block * SECTIONS_PER_BLOCK + blockSections[block]!),
  ];
  const put = (block: number, sections: number[]) => {
    places.set(sections.slice(0, SECTIONS_PER_BLOCK), block * SECTIONS_PER_BLOCK);
    blockSections[block] = sections.length;
  };
  put(
    from,
    list(from).filter((each) => each !== section),
  );
  put(
    to,
    [...list(to), section].toSorted((a, b) => a - b),
  );
  target[section] = to;
  notes.push(`section ${section} from block ${from} to ${to}`);
}

function reverseList({ random, words, notes }: Subject): void {
  const { sectionHead, next } = words;
  const heads = [...sectionHead.keys()].filter((id) => sectionHead[id] !== NONE);
  if (heads.length === 0) return;
  const id = random.pick(heads);
  let before = NONE;
  for (let s = sectionHead[id]!, met = 0; s < next.length && met <= next.length; met++) {
    const after = next[s]!;
    next[s] = before;
    before = s;
    s = after;
  }
  sectionHead[id] = before;
  notes.push(`list of ${id} reversed`);
}

function changeTemplate({ random, content, notes }: Subject): void {
  const text = content.metadata["template"]!;
  content.metadata["template"] = random.pick([
    random.pick(TEMPLATES),
    text.replace(/max_connection_distance: \d/, "max_connection_distance: 4"),
    text.replace("settings:\n", "settings:\nrefractory_time: 3\n"),
    text.replace("settings:\n", "settings:\nneuron_cooldown: 1.1\n"),
    text.replace("settings:\n", "settings:\nenable_reduction: true\n"),
    text.replace("hexagons:\n", "hexagons:\n9,9,9\n"),
    text.replace("inputs:\n", "9,1,1\ninputs:\n"),
    text.replace(/ \((match|binary)\)/, ""),
    text.replace("in: 1,1,1", "in: 1,1,1 (match)"),
    text.replace("out: 3,1,1", "out: 3,1,1 (bool)"),
    text.replace("inputs:\n", "axons:\n1,1,1 -> 3,1,1\ninputs:\n"),
  ]);
  notes.push(`template ${JSON.stringify(content.metadata["template"])}`);
}

/** Adds or removes one element of a kind, in all of its arrays and in the header. */
function changeLength(subject: Subject): void {
  const { random, words, notes } = subject;
  const per = random.pick(["input", "block", "section", "tile", "row", "output"] as const);
  // Allocates nothing by the header's count, which may be any number by now.
  const one = ARRAY_NAMES.find((name) => LAYOUT[name].per === per)!;
  const items = Math.max(0, words[one].length / LAYOUT[one].width + random.pick([-2, -1, 1, 2]));
  for (const name of ARRAY_NAMES) {
    if (LAYOUT[name].per !== per) continue;
    const resized = new Uint32Array(items * LAYOUT[name].width);
    resized.set(words[name].subarray(0, resized.length));
    words[name] = resized;
  }
  words.header[HEADER[per]] = items;
  notes.push(`${items} of ${per}`);
}

/** The file with matching metadata and checksum. */
function fileOf({ content, words }: Subject): Uint8Array {
  const tensors = new Map<string, Tensor>();
  for (const name of ARRAY_NAMES) {
    const { type, width } = LAYOUT[name];
    const items = words[name].length / width;
    const bytes = new Uint8Array(words[name].buffer);
    tensors.set(name, { dtype: type === "u32" ? "U32" : "F32", shape: width === 1 ? [items] : [items, width], bytes });
  }
  const { checksum: _, ...metadata } = content.metadata;
  const { header } = words;
  metadata["seed"] = String(header[HEADER.seed]);
  metadata["cycle"] = String(header[HEADER.cycleHigh]! * 2 ** 32 + header[HEADER.cycleLow]!);
  return encodeSafetensors({ metadata: { ...metadata, checksum: checksum({ metadata, tensors }) }, tensors });
}
