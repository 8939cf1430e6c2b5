/**
 * Measures a whole server over its API, beside a bare Hono server: `npm run bench -- api`. Options: `--json` prints
 * nothing else, `--save` keeps the result under bench/results, `--seconds N` per case and round (2), `--only TEXT`
 * measures the cases whose names contain this, and their baselines, `--beside CHECKOUT` measures another built
 * checkout, too. With `DATABASE_URL` the server uses that database, which only one of two can.
 */
import { buildAt, thisBuild } from "../harness/builds.ts";
import { readOptions } from "../harness/options.ts";
import { rateOf, showRate, type Rate } from "../harness/rates.ts";
import { report, REPORT_OPTIONS } from "../harness/report.ts";
import type { BenchServer } from "../harness/server.ts";
import { table } from "../harness/table.ts";
import { runInTurn } from "../harness/timing.ts";
import { startBareServer } from "./bare.ts";
import { apiCases, type ApiCase, type Sample } from "./cases.ts";

const options = readOptions({ ...REPORT_OPTIONS, seconds: 2, only: "", beside: "" });
const ROUNDS = 5;

/** Medians over the rounds, and the range of the rate. */
interface Result extends Rate {
  name: string;
  unit: string;
  p50?: number;
  p99?: number;
  /** Share of the bare server's rate. */
  ratio?: number;
}

/** The requested cases and their baselines. */
function choose(all: ApiCase[]): ApiCase[] {
  const chosen = all.filter(({ name }) => name.includes(options.only));
  const compared = new Set(chosen.map(({ bare }) => bare));
  return all.filter((each) => chosen.includes(each) || compared.has(each.name));
}

function summarise({ name, unit }: ApiCase, samples: Sample[]): Result {
  const result = { name, unit, ...rateOf(samples.map(({ rate }) => rate)) };
  if (samples[0]?.p99 === undefined) return result;
  return {
    ...result,
    p50: rateOf(samples.map(({ p50 }) => p50!)).median,
    p99: rateOf(samples.map(({ p99 }) => p99!)).median,
  };
}

async function measure(cases: ApiCase[]): Promise<Result[]> {
  const samples = await runInTurn(
    cases.map((each) => () => each.run()),
    { rounds: ROUNDS, warmUps: 1, onRound: (round) => console.error(`round ${round} of ${ROUNDS}`) },
  );
  const results = cases.map((each, index) => summarise(each, samples[index]!));
  return results.map((result, index) => {
    const bare = results.find(({ name }) => name === cases[index]!.bare);
    return bare === undefined ? result : { ...result, ratio: result.median / bare.median };
  });
}

const builds = [thisBuild, ...(options.beside === "" ? [] : [await buildAt(options.beside)])];
const servers: BenchServer[] = [];
const bare = await startBareServer();
try {
  const cases: ApiCase[] = [];
  for (const build of builds) {
    const server = await build.start();
    servers.push(server);
    const ofBuild = await apiCases(server, bare.url, options.seconds);
    const baselines = new Set(ofBuild.map((each) => each.bare));
    for (const each of ofBuild) {
      if (build === thisBuild) cases.push(each);
      else if (!baselines.has(each.name)) cases.push({ ...each, name: `${each.name} (${build.name})` });
    }
  }
  const results = await measure(choose(cases));
  const rows = results.map(({ unit, p50, p99, ratio, ...result }) => [
    result.name,
    `${showRate(result, (value) => value.toFixed(0))} ${unit}`,
    p50?.toFixed(2) ?? "",
    p99?.toFixed(2) ?? "",
    ratio?.toPrecision(2) ?? "",
  ]);
  const text = table(["", "median (lowest to highest)", "p50 ms", "p99 ms", "of bare"], rows);
  report("api", { rounds: ROUNDS, secondsPerCase: options.seconds, results }, `\n${text}`, options);
} finally {
  for (const server of servers) await server.stop();
  await bare.stop();
}
// The clients' open sockets would keep the process alive.
process.exit();
