/** Streams of rows, each answered before it is learnt, in one pass: percent right over the whole stream. */
import { mean } from "../../tables/results.ts";
import type { Table } from "../tables.ts";
import { folderOf, hasMnist } from "./data.ts";
import { seedsOf, type Measure, type Part } from "./measures.ts";
import { behindEncoders, eachRow, inSteps, type NetworkLearner } from "./streams/networks.ts";
import { nearestNeighbours, softmaxRegression } from "./streams/peers.ts";
import { prequential } from "./streams/prequential.ts";
import { hyperplane, shifting, smallDigits, twoKindsOfPictures } from "./streams/rows.ts";

const PLANE_ROWS = 20_000;
const PICTURES = 5000;
/** Epochs of the digits whose labels shift. */
const SHIFTS = 4;

const PEERS = { "logistic regression": softmaxRegression, "5 neighbours": nearestNeighbours };

const WAYS: Record<string, (seed: number, stream: Table) => NetworkLearner> = {
  "each row": eachRow,
  "steps of 16": inSteps,
  "steps of 16, encoders": behindEncoders,
};

export const streams: Part = {
  name: "streams",
  *measure(sizes) {
    for (const [name, load] of available())
      yield* linesOf(
        name,
        seedsOf(sizes).map((seed) => ({ seed, stream: load(seed) })),
      );
  },
};

type Stream = [name: string, load: (seed: number) => Table];

/** The streams whose data is there. */
function available(): Stream[] {
  const streams: Stream[] = [["drifting plane", (seed) => hyperplane(PLANE_ROWS, seed)]];
  const folder = folderOf("HANAMI_TABLES_DIR");
  if (folder !== undefined) {
    const digits = (seed: number) => smallDigits(folder, seed);
    streams.push(["digits", digits], ["digits, labels shift", (seed) => shifting(digits(seed), SHIFTS)]);
  }
  const fashion = hasMnist() ? folderOf("HANAMI_FASHION_DIR") : undefined;
  if (fashion !== undefined)
    streams.push(["MNIST, then Fashion", (seed) => twoKindsOfPictures(fashion, PICTURES, seed)]);
  return streams;
}

function* linesOf(name: string, runs: { seed: number; stream: Table }[]): Generator<Measure> {
  const peers = Object.fromEntries(
    Object.entries(PEERS).map(([peer, create]) => [
      peer,
      mean(runs.map(({ stream }) => prequential(stream, create(stream)))),
    ]),
  );
  for (const [way, create] of Object.entries(WAYS)) {
    const values = runs.map(({ seed, stream }) => {
      const learner = create(seed, stream);
      const percent = prequential(stream, learner);
      learner.dispose();
      return percent;
    });
    yield { name: `${name}, ${way}`, unit: "percent", on: "each row, before it is learnt", values, peers };
  }
}
