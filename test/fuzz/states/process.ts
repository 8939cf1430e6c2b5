/**
 * Runs mutants on some engines beside two neighbours. Writes a line before each step that could hang, so that its
 * parent knows where it hung, and exits with code 1 and the reason when a neighbour has changed.
 *
 *     node process.js '{"seed":1,"first":0,"count":100,"engines":["webgpu"],"takesAll":false}'
 */
import { writeSync } from "node:fs";
import { MemoryFullError } from "../../../src/network/memory-full-error.ts";
import { StateError } from "../../../src/network/state-error.ts";
import { checkState } from "../../../src/network/state-file.ts";
import { createRandom } from "../../support/random.ts";
import { samplesFor, trainedStates, type Samples } from "./bases.ts";
import { openEngine, type EngineName, type FuzzedEngine, type FuzzedNetwork } from "./engines.ts";
import { mutantOf, type Mutant } from "./mutants.ts";

export interface StateFuzz {
  seed: number;
  first: number;
  count: number;
  engines: EngineName[];
  /** Passes refused mutants to the engines, too: memory is safe without any check. */
  takesAll: boolean;
}

const job = JSON.parse(process.argv[2] ?? "") as StateFuzz;
/** Writes synchronously, so lines reach the parent even when this thread hangs afterwards. */
const say = (line: object) => writeSync(1, `${JSON.stringify(line)}\n`);

interface Neighbour {
  network: FuzzedNetwork;
  samples: Samples;
  state: Buffer;
  answers: Buffer[];
}

const answersOf = async (network: FuzzedNetwork, samples: Samples) =>
  (await network.request(samples)).map(({ buffer, byteOffset, byteLength }) =>
    Buffer.from(Buffer.from(buffer, byteOffset, byteLength)),
  );

/** Two networks without memory, so that a request changes nothing: one older than the mutants, one like them. */
async function neighboursOn(engine: FuzzedEngine, bases: Uint8Array[]): Promise<Neighbour[]> {
  const neighbours: Neighbour[] = [];
  for (const base of [0, 2]) {
    const network = await engine.adopt(bases[base]!);
    const samples = samplesFor(network.template, 3, createRandom(base));
    const state = Buffer.from(await network.export());
    neighbours.push({ network, samples, state, answers: await answersOf(network, samples) });
  }
  return neighbours;
}

async function compare({ network, samples, state, answers }: Neighbour): Promise<void> {
  if (!state.equals(await network.export())) throw new Error("a neighbour's state has changed");
  const found = await answersOf(network, samples);
  if (!answers.every((answer, i) => answer.equals(found[i]!))) throw new Error("a neighbour's answers have changed");
}

/**
 * Trains in both ways, one after the other or, where a step is slow, alternately; requests before and after. Resolves
 * to the resulting state.
 */
async function work(engine: FuzzedEngine, { bytes }: Mutant, nth: number): Promise<Uint8Array> {
  const network = await engine.adopt(bytes);
  try {
    const random = createRandom(nth);
    const samples = (count: number) => samplesFor(network.template, count, random);
    if (!engine.isSlow) await network.request(samples(2));
    if (!engine.isSlow || nth % 4 !== 0) await network.train(samples(engine.isSlow ? 4 : 12), "batch");
    if (!engine.isSlow || nth % 4 === 0) await network.train(samples(1), "online");
    await network.request(samples(3));
    return await network.export();
  } finally {
    network.dispose();
  }
}

/** A changed neighbour stays changed, so where a look is slow, one look after some mutants finds it as well. */
const MUTANTS_PER_LOOK = 16;

const bases = trainedStates();
const engines: { engine: FuzzedEngine; neighbours: Neighbour[] }[] = [];
for (const name of job.engines) {
  const engine = await openEngine(name);
  engines.push({ engine, neighbours: await neighboursOn(engine, bases) });
}
let accepted = 0;
let tried = 0;
for (let nth = job.first; nth < job.first + job.count; nth++) {
  const mutant = mutantOf(bases, job.seed, nth);
  say({ nth, doing: "check", what: mutant.what });
  let isRight = true;
  try {
    checkState(mutant.bytes);
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    isRight = false;
  }
  if (isRight) accepted += 1;
  else if (!job.takesAll) continue;
  tried += 1;
  for (const { engine, neighbours } of engines) {
    say({ nth, doing: engine.name, what: mutant.what });
    try {
      const after = await work(engine, mutant, nth);
      if (isRight) checkState(after);
    } catch (error) {
      // A state that bypassed all checks may crash its own network.
      if (isRight && !(error instanceof MemoryFullError)) throw error;
    }
    if (!engine.isSlow || tried % MUTANTS_PER_LOOK === 0) for (const neighbour of neighbours) await compare(neighbour);
  }
}
for (const { neighbours } of engines) for (const neighbour of neighbours) await compare(neighbour);
say({ accepted });
process.exit();
