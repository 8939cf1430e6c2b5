import type { Position } from "../grid.ts";
import type { TemplateError } from "./template-error.ts";
import { TokenReader, type Token } from "./tokens.ts";

/** Kinds that a template names in parentheses. A template cannot name the default, "plain". */
const NAMED_INPUT_KINDS = ["binary", "match", "table"] as const;
const NAMED_OUTPUT_KINDS = ["bool", "int", "float", "class", "number"] as const;
/** Kinds with an encoder, which may have several positions. Older templates may use these words as names. */
const ENCODED_KINDS = ["table", "class", "number"] as const;

export type InputKind = "plain" | (typeof NAMED_INPUT_KINDS)[number];
export type OutputKind = "plain" | (typeof NAMED_OUTPUT_KINDS)[number];

/** Whether an encoder stands between the cells of a table and the values of this input or output. */
export const isEncoded = (kind: InputKind | OutputKind) => (ENCODED_KINDS as readonly string[]).includes(kind);

export interface TemplateSettings {
  /** Divides a neuron's remaining potential each cycle, > 1. */
  neuronCooldown: number;
  /** Cycles from one accepted input of a neuron to the next, >= 1. */
  refractoryTime: number;
  /** Maximum path length of a new connection in hexagons, >= 1. */
  maxConnectionDistance: number;
  /** Whether training removes sections that have learnt nothing. */
  enableReduction: boolean;
}

/** A parsed cluster template. Refers to hexagons by their index in the list, which is also the processing order. */
export interface Template {
  text: string;
  settings: TemplateSettings;
  hexagons: Position[];
  /** At most one per source. */
  axons: { source: number; target: number }[];
  /** One entry per position. The positions of one input or output follow one another, with the same name and kind. */
  inputs: { name: string; hexagon: number; kind: InputKind }[];
  outputs: { name: string; hexagon: number; kind: OutputKind }[];
}

const SETTINGS = new Set(["neuron_cooldown", "refractory_time", "max_connection_distance", "enable_reduction"]);
const KEYWORDS = new Set<string>([
  ..."settings hexagons inputs outputs axons true false True False".split(" "),
  ...SETTINGS,
  ...[...NAMED_INPUT_KINDS, ...NAMED_OUTPUT_KINDS].filter((kind) => !isEncoded(kind)),
]);
export const NAME_LENGTH_MAX = 254;
const UINT32_MAX = 0xffffffff;

/**
 * Parses a cluster template. An empty string is a valid template without hexagons. Throws TemplateError for the first
 * error.
 */
export function parseTemplate(text: string): Template {
  const template: Template = {
    text,
    settings: { neuronCooldown: 1e9, refractoryTime: 1, maxConnectionDistance: 1, enableReduction: false },
    hexagons: [],
    axons: [],
    inputs: [],
    outputs: [],
  };
  if (text !== "") new TemplateParser(new TokenReader(text), template).parse();
  return template;
}

class TemplateParser {
  readonly #tokens: TokenReader;
  readonly #template: Template;
  readonly #hexagonAt = new Map<string, number>();
  /** By source. */
  readonly #axonFrom = new Map<number, { source: number; target: number }>();
  /** Hexagons that have an input or output. */
  readonly #taken = new Set<number>();

  constructor(tokens: TokenReader, template: Template) {
    this.#tokens = tokens;
    this.#template = template;
  }

  parse(): void {
    this.#header("version");
    const version = this.#integer();
    if (version.value !== 1) throw this.#error(version.token);
    this.#header("settings");
    while (this.#nextIsWord() && this.#tokens.peek().text !== "hexagons") this.#setting();
    this.#header("hexagons");
    do this.#hexagon();
    while (this.#tokens.peek().type === "integer");
    if (this.#tokens.peek().text === "axons") {
      this.#header("axons");
      do this.#axon();
      while (this.#tokens.peek().type === "integer");
    }
    this.#header("inputs");
    const { inputs, outputs } = this.#template;
    const inputNames = new Set<string>();
    do inputs.push(...this.#port("Input", inputNames, NAMED_INPUT_KINDS));
    while (this.#nextIsWord() && this.#tokens.peek().text !== "outputs");
    this.#header("outputs");
    const outputNames = new Set<string>();
    do outputs.push(...this.#port("Output", outputNames, NAMED_OUTPUT_KINDS));
    while (this.#nextIsWord());
    if (this.#tokens.peek().type !== "end") throw this.#error(this.#tokens.peek());
  }

  #error(token: Token, message = "syntax error"): TemplateError {
    return this.#tokens.error(message, token);
  }

  #nextIsWord(): boolean {
    return this.#tokens.peek().type === "word";
  }

  #expect(text: string): void {
    const token = this.#tokens.peek();
    if (token.text !== text) throw this.#error(token);
    this.#tokens.take();
  }

  #header(keyword: string): void {
    this.#expect(keyword);
    this.#expect(":");
  }

  #integer(): { value: number; token: Token } {
    const token = this.#tokens.peek();
    if (token.type !== "integer") throw this.#error(token);
    const value = Number(token.text);
    // Larger integers would lose digits, and two different positions could become equal.
    if (!Number.isSafeInteger(value)) throw this.#error(token, "integer is out of range");
    this.#tokens.take();
    return { value, token };
  }

  #setting(): void {
    const { settings } = this.#template;
    const key = this.#tokens.peek();
    if (!SETTINGS.has(key.text)) throw this.#error(key);
    this.#tokens.take();
    this.#expect(":");
    const token = this.#tokens.peek();
    if (key.text === "neuron_cooldown") {
      if (token.type !== "integer" && token.type !== "decimal") throw this.#error(token);
      const value = Number(token.text);
      if (!Number.isFinite(value)) throw this.#error(token, "integer is out of range");
      if (!(value > 1)) throw this.#error(token, "neuron_cooldown must be > 1.0");
      settings.neuronCooldown = value;
      this.#tokens.take();
    } else if (key.text === "refractory_time") {
      settings.refractoryTime = this.#positive("refractory_time");
    } else if (key.text === "max_connection_distance") {
      settings.maxConnectionDistance = this.#positive("max_connection_distance");
    } else {
      if (!/^([Tt]rue|[Ff]alse)$/.test(token.text)) throw this.#error(token);
      settings.enableReduction = token.text.toLowerCase() === "true";
      this.#tokens.take();
    }
  }

  #positive(key: string): number {
    const { value, token } = this.#integer();
    if (value < 1) throw this.#error(token, `${key} must be >= 1`);
    if (value > UINT32_MAX) throw this.#error(token, "integer is out of range");
    return value;
  }

  #position(): { position: Position; token: Token } {
    const x = this.#integer();
    this.#expect(",");
    const y = this.#integer();
    this.#expect(",");
    return { position: { x: x.value, y: y.value, z: this.#integer().value }, token: x.token };
  }

  #hexagon(): void {
    const { position, token } = this.#position();
    const key = keyOf(position);
    if (this.#hexagonAt.has(key))
      throw this.#error(token, `Hexagon with the position ${show(position)} already exist.`);
    this.#hexagonAt.set(key, this.#template.hexagons.length);
    this.#template.hexagons.push(position);
  }

  /** Reads a position, at which a hexagon must exist. */
  #existing(what: string): { hexagon: number; position: Position; token: Token } {
    const { position, token } = this.#position();
    const hexagon = this.#hexagonAt.get(keyOf(position));
    if (hexagon === undefined) throw this.#error(token, `${what} with the position ${show(position)} doesn't exist.`);
    return { hexagon, position, token };
  }

  #axon(): void {
    const source = this.#existing("Source-Hexagon of axon").hexagon;
    this.#expect("->");
    const target = this.#existing("Target-Hexagon of axon").hexagon;
    const known = this.#axonFrom.get(source);
    if (known) {
      known.target = target;
      return;
    }
    const axon = { source, target };
    this.#axonFrom.set(source, axon);
    this.#template.axons.push(axon);
  }

  /**
   * Reads an input or output, `name: x,y,z (kind)`, and adds its name to `names`. Kinds with an encoder may have
   * several positions: the cells of a table go to each, and the answers of all are averaged.
   */
  #port<Kind extends InputKind | OutputKind>(
    what: string,
    names: Set<string>,
    kinds: readonly Kind[],
  ): { name: string; hexagon: number; kind: Kind | "plain" }[] {
    const name = this.#tokens.peek();
    if (name.type !== "word" || KEYWORDS.has(name.text) || !/^\w+$/.test(name.text)) throw this.#error(name);
    if (name.text.length > NAME_LENGTH_MAX)
      throw this.#error(name, `Name '${name.text}' is longer than ${NAME_LENGTH_MAX} characters.`);
    if (names.has(name.text)) throw this.#error(name, `${what} '${name.text}' already exist.`);
    names.add(name.text);
    this.#tokens.take();
    this.#expect(":");
    const hexagons = [this.#free()];
    const second = this.#tokens.peek();
    while (this.#tokens.peek().type === "integer") hexagons.push(this.#free());
    const kind = this.#tokens.peek().text === "(" ? this.#kind(kinds) : "plain";
    if (hexagons.length > 1 && !isEncoded(kind)) throw this.#error(second);
    return hexagons.map((hexagon) => ({ name: name.text, hexagon, kind }));
  }

  /** Reads the position of a hexagon that has no input or output yet, and takes it. */
  #free(): number {
    const { hexagon, position, token } = this.#existing("Hexagon");
    // An input hexagon holds values instead of neurons, so it cannot have a readout.
    if (this.#taken.has(hexagon))
      throw this.#error(token, `Hexagon with the position ${show(position)} already has an input or output.`);
    this.#taken.add(hexagon);
    return hexagon;
  }

  #kind<Kind extends string>(kinds: readonly Kind[]): Kind {
    this.#tokens.take();
    const kind = kinds.find((each) => each === this.#tokens.peek().text);
    if (kind === undefined) throw this.#error(this.#tokens.peek());
    this.#tokens.take();
    this.#expect(")");
    return kind;
  }
}

const keyOf = (p: Position) => `${p.x},${p.y},${p.z}`;
const show = (p: Position) => `[ ${p.x} , ${p.y} , ${p.z} ]`;
