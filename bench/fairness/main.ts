/**
 * Measures what many trainings on one host cost an occasional caller, and what waiting clients cost the server: `npm
 * run bench -- fairness`. Options: `--counts LIST` trainings at a time (1,16,64), `--seconds N` per case (10), `--pause
 * MS` between an answer of direct IO and its next question (20), `--beside CHECKOUT` measures another built checkout,
 * too, `--only TEXT` takes the cases whose names contain this, `--json` prints nothing but the result, `--save` keeps
 * it under bench/results.
 */
import { readOptions } from "../harness/options.ts";
import { report, REPORT_OPTIONS } from "../harness/report.ts";
import { table } from "../harness/table.ts";
import { buildAt, thisBuild } from "../harness/builds.ts";
import { turnCases, type TurnFigures } from "./turns.ts";
import { measureWaiting, type WaitingFigures } from "./waiting.ts";

const options = readOptions({ ...REPORT_OPTIONS, counts: [1, 16, 64], seconds: 10, pause: 20, beside: "", only: "" });
const ms = options.seconds * 1000;
const builds = [...(options.beside === "" ? [] : [await buildAt(options.beside)]), thisBuild];

const turns: (TurnFigures & { name: string; build: string })[] = [];
for (const { name, measure } of turnCases(options.counts).filter(({ name }) => name.includes(options.only))) {
  for (const build of builds) {
    turns.push({ name, build: build.name, ...(await measure(build, { ms, pauseMs: options.pause })) });
    console.error(`${name}, ${build.name}`);
  }
}
const waiting: (WaitingFigures & { name: string; build: string })[] = [];
for (const clients of [1, 64].filter((count) => `${count} clients wait`.includes(options.only))) {
  for (const build of builds) {
    waiting.push({ name: `${clients} clients wait`, build: build.name, ...(await measureWaiting(build, clients, ms)) });
  }
}

const showMs = (value: number) => value.toFixed(1);
const text = [
  "",
  table(
    [
      "trainings",
      "build",
      "samples/s",
      "with direct IO",
      "per cpu s",
      "host busy",
      "own project: p50 ms",
      "p99",
      "max",
      "other: p50",
      "p99",
      "max",
    ],
    turns.map(({ name, build, alone, beside, perCpuSecond, busy, own, other }) => [
      name,
      build,
      alone.toFixed(0),
      beside.toFixed(0),
      perCpuSecond.toFixed(0),
      `${(100 * busy).toFixed(0)} %`,
      ...[own.p50, own.p99, own.max, other.p50, other.p99, other.max].map(showMs),
    ]),
  ),
  table(
    [
      "clients that wait for tasks",
      "build",
      "requests/s",
      "share of a core",
      "without clients",
      "from end to answer: p50 ms",
      "max",
    ],
    waiting.map(({ name, build, asked, share, idle, latency }) => [
      name,
      build,
      asked.toFixed(1),
      ...[share, idle].map((part) => `${(100 * part).toFixed(2)} %`),
      ...[latency.p50, latency.max].map(showMs),
    ]),
  ),
];
report("fairness", { seconds: options.seconds, pauseMs: options.pause, turns, waiting }, text.join("\n"), options);
// The clients' open sockets would keep the process alive.
process.exit();
