import { table } from "../harness/table.ts";
import { PEERS, type Problem } from "./problems.ts";
import { standing, type Score, type Standing } from "./scores.ts";

/** What one fold came to. */
export type Trial = Score & { seconds: number };

/** What the folds of a table came to, on average. */
export interface Result extends Standing {
  name: string;
  kind: Problem["kind"];
  peers: Problem["peers"];
  score: number;
  logLoss?: number;
  seconds: number;
}

export const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const share = (flags: readonly boolean[]) => mean(flags.map(Number));

export function resultOf(problem: Problem, folds: readonly Trial[]): Result {
  const score = mean(folds.map((each) => each.score));
  return {
    name: problem.name,
    kind: problem.kind,
    peers: problem.peers,
    score,
    ...(problem.kind === "class" && { logLoss: mean(folds.map((each) => each.logLoss ?? 0)) }),
    seconds: folds.reduce((sum, each) => sum + each.seconds, 0),
    ...standing(problem, score),
  };
}

export function summarize(results: readonly Result[]) {
  return {
    rank: mean(results.map(({ rank }) => rank)),
    asTwo: share(results.map(({ asTwo }) => asTwo)),
    asFour: share(results.map(({ asFour }) => asFour)),
    asBaseline: share(results.map(({ asBaseline }) => asBaseline)),
    gap: mean(results.map(({ gap }) => gap)),
    logLoss: mean(results.flatMap(({ logLoss }) => logLoss ?? [])),
    seconds: results.reduce((sum, { seconds }) => sum + seconds, 0),
  };
}

export function show(results: readonly Result[]): string {
  const shown = (kind: Problem["kind"], score: number) =>
    kind === "class" ? (100 * score).toFixed(1) : score.toPrecision(4);
  const rows = results.map(({ name, kind, peers, score, rank, gap, logLoss, seconds }) => [
    name,
    ...[score, ...PEERS.map((peer) => peers[peer]), peers.baseline].map((each) => shown(kind, each)),
    String(rank),
    gap.toFixed(3),
    logLoss?.toFixed(3) ?? "",
    seconds.toFixed(1),
  ]);
  const { rank, asTwo, asFour, asBaseline, gap, logLoss, seconds } = summarize(results);
  const percent = (value: number) => `${(100 * value).toFixed(0)} %`;
  return [
    table(["table", "ours", ...PEERS, "baseline", "rank", "gap", "log loss", "s"], rows),
    `mean rank of five ${rank.toFixed(2)}, at least as good as MLP and linear on ${percent(asTwo)}, as all four on ` +
      `${percent(asFour)}, as the baseline on ${percent(asBaseline)}, gap ${gap.toFixed(3)}, ` +
      `log loss ${logLoss.toFixed(3)}, ${seconds.toFixed(0)} s`,
  ].join("\n");
}
