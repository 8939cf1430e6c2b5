/**
 * Measures what one hostile project costs another: the latencies of a tenant's work, first alone, then beside an
 * attacker that sends crafted checkpoints, samples of millions of values, files that are slow to read and huge
 * templates, all at once. `npm run bench -- attack`. Options: `--seconds N` per phase (30), `--only TEXT` limits the
 * attacks to those whose names contain this, `--json`, `--save`. Exit code 1 when a p99 of requests or direct IO is
 * more than twice the quiet one, or when any of the tenant's work fails.
 */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { HanamiClient } from "hanami-sdk";
import { label, picture } from "../harness/digits.ts";
import { readOptions } from "../harness/options.ts";
import { quantiles } from "../harness/rates.ts";
import { report, REPORT_OPTIONS } from "../harness/report.ts";
import { startBenchServer, type BenchServer } from "../harness/server.ts";
import { table } from "../harness/table.ts";
import { TEMPLATE } from "../harness/template.ts";

const options = readOptions({ ...REPORT_OPTIONS, seconds: 30, only: "" });
const PHASE_MS = options.seconds * 1000;
const WARM_UP_MS = 3000;
/** Work that has no answer this long after the end of its phase is given up. */
const GIVE_UP_MS = 30_000;
/** Upper bound on the p99 beside an attacker, in multiples of the quiet one. */
const FACTOR_MAX = 2;
const PASSPHRASE = "a passphrase of the benchmark";

/** One kind of work that the tenant repeats; only kinds with `isBound` decide the exit code. */
interface Work {
  name: string;
  isBound: boolean;
  once(): Promise<unknown>;
}

interface Latencies {
  count: number;
  p50: number;
  p99: number;
  max: number;
}

async function addTenant({ client, address }: BenchServer, name: string): Promise<HanamiClient> {
  await client.projects.create({ id: name, name });
  await client.users.create({ id: name, name, passphrase: PASSPHRASE });
  await client.users.addProject({ id: name, project_id: name, role: "member" });
  return new HanamiClient({ address, user: name, passphrase: PASSPHRASE });
}

async function tenantWork(client: HanamiClient): Promise<Work[]> {
  const { uuid } = await client.clusters.create({ name: "looked at", template: TEMPLATE, seed: 1 });
  const direct = await client.clusters.create({ name: "asked", template: TEMPLATE, seed: 1 });
  const io = await client.clusters.directIO(direct.uuid);
  for (let row = 0; row < 200; row++) await io.train({ in: picture(row) }, { out: label(row) });
  let row = 0;
  const file = new TextEncoder().encode("x,y\n1,2\n3,4\n");
  const upload = async () => {
    const dataset = await client.datasets.uploadCsv({ name: "small", file });
    await client.datasets.delete(dataset.uuid);
  };
  return [
    { name: "GET of a cluster", isBound: true, once: () => client.clusters.get(uuid) },
    { name: "direct IO, request", isBound: true, once: () => io.request({ in: picture(row++) }) },
    { name: "upload of a CSV file of 12 bytes", isBound: false, once: upload },
  ];
}

/** Runs all kinds of work concurrently for `ms`. Returns the latencies of each, in milliseconds. */
async function measurePhase(works: Work[], ms: number): Promise<Latencies[]> {
  const end = performance.now() + ms;
  const givenUp = delay(ms + GIVE_UP_MS, false, { ref: false });
  const each = works.map(async (work) => {
    const latencies: number[] = [];
    for (let now = performance.now(); now < end;) {
      // Unanswered work counts as an infinite latency.
      const isAnswered = await Promise.race([work.once().then(() => true), givenUp]);
      const then = performance.now();
      latencies.push(isAnswered ? then - now : Number.POSITIVE_INFINITY);
      now = then;
    }
    return { count: latencies.length, ...quantiles(latencies) };
  });
  return Promise.all(each);
}

/** Returns the attacker's process once its first attempts are under way. */
async function startAttacker(address: string): Promise<ChildProcess> {
  const args = [address, "attacker", PASSPHRASE, options.only];
  const child = fork(new URL("./attacker-process.js", import.meta.url), args, { detached: true });
  await once(child, "message");
  return child;
}

/** Returns the attacker's attempts and the server's answers: [attempt, answer, count]. */
async function stopAttacker(child: ChildProcess): Promise<[string, string, number][]> {
  const answered = once(child, "message");
  child.send("stop");
  const [tally] = (await answered) as [[string, string, number][]];
  child.kill();
  return tally;
}

const server = await startBenchServer();
try {
  const works = await tenantWork(await addTenant(server, "tenant"));
  await addTenant(server, "attacker");
  await measurePhase(works, WARM_UP_MS);
  const quiet = await measurePhase(works, PHASE_MS);
  const attacker = await startAttacker(server.address);
  const attacked = await measurePhase(works, PHASE_MS);
  const attempts = await stopAttacker(attacker);
  const phases = works.map(({ name, isBound }, index) => {
    const [before, during] = [quiet[index]!, attacked[index]!];
    return { name, isBound, quiet: before, attacked: during, factor: during.p99 / before.p99 };
  });
  const isHeld = phases.every(({ isBound, factor }) => !isBound || factor <= FACTOR_MAX);
  const show = ({ count, p50, p99, max }: Latencies) => [`${count}`, ...[p50, p99, max].map((ms) => ms.toFixed(2))];
  const text = [
    "",
    table(
      ["ms", "quiet", "p50", "p99", "max", "attacked", "p50", "p99", "max", "p99 ×"],
      phases.map((each) => [each.name, ...show(each.quiet), ...show(each.attacked), each.factor.toFixed(2)]),
    ),
    table(
      ["the attacker's attempts", "answers", "times"],
      attempts.map((line) => line.map(String)),
    ),
    isHeld ? "the tenant's p99 held" : `a p99 is more than ${FACTOR_MAX} times the quiet one`,
  ];
  report("attack", { seconds: options.seconds, phases, attempts }, text.join("\n"), options);
  process.exitCode = isHeld ? 0 : 1;
} finally {
  await server.stop();
}
process.exit();
