/**
 * What one hostile project costs another: the latencies of a tenant's work, first alone, then beside an attacker that
 * sends everything at once: crafted checkpoints, samples of millions of values, files that are slow to read, huge
 * templates. `npm run bench -- attack`. Options: `--seconds N` of each of the two phases (30), `--only TEXT`: attempts whose
 * name has this in it, `--json`, `--save`.
 * Exit code 1 when a p99 of requests or direct IO is more than twice the quiet one, or when anything of the tenant fails.
 */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { HanamiClient } from "hanami-sdk";
import { label, picture, startBench, TEMPLATE, type Bench } from "../api/clients.ts";
import { describeMachine, machineLine, saveResult } from "../result.ts";
import { table } from "../table.ts";

const { values: options } = parseArgs({
  options: {
    seconds: { type: "string", default: "30" },
    only: { type: "string", default: "" },
    json: { type: "boolean" },
    save: { type: "boolean" },
  },
});
const PHASE_MS = Number(options.seconds) * 1000;
const WARM_UP_MS = 3000;
/** What has no answer so long after the end of its phase is given up. */
const GIVE_UP_MS = 30_000;
/** What an attacker may cost, in times of the quiet p99. */
const FACTOR_MAX = 2;
const PASSPHRASE = "a passphrase of the benchmark";

/** One kind of work of the tenant, over and over; `isBound` ones decide about the exit code. */
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

async function addTenant({ client, server }: Bench, name: string): Promise<HanamiClient> {
  await client.projects.create({ id: name, name });
  await client.users.create({ id: name, name, passphrase: PASSPHRASE });
  await client.users.addProject({ id: name, project_id: name, role: "member" });
  return new HanamiClient({ address: server.address, user: name, passphrase: PASSPHRASE });
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

/** Does all kinds of work at once until the time is over; the latencies of each in milliseconds. */
async function measurePhase(works: Work[], ms: number): Promise<Latencies[]> {
  const end = performance.now() + ms;
  const givenUp = delay(ms + GIVE_UP_MS, false, { ref: false });
  const each = works.map(async (work) => {
    const latencies: number[] = [];
    for (let now = performance.now(); now < end;) {
      // What never answers counts as what it is: an endless wait.
      const isAnswered = await Promise.race([work.once().then(() => true), givenUp]);
      const then = performance.now();
      latencies.push(isAnswered ? then - now : Number.POSITIVE_INFINITY);
      now = then;
    }
    latencies.sort((a, b) => a - b);
    const quantile = (share: number) => latencies[Math.floor(share * (latencies.length - 1))] as number;
    return { count: latencies.length, p50: quantile(0.5), p99: quantile(0.99), max: quantile(1) };
  });
  return Promise.all(each);
}

/** The attacker's process, once its first attempts are under way. */
async function startAttacker(address: string): Promise<ChildProcess> {
  const child = fork(
    new URL("./attacker-process.js", import.meta.url),
    [address, "attacker", PASSPHRASE, options.only],
    {
      detached: true,
    },
  );
  await once(child, "message");
  return child;
}

/** What the attacker tried, and how the server answered: [attempt, answer, how often]. */
async function stopAttacker(child: ChildProcess): Promise<[string, string, number][]> {
  const answered = once(child, "message");
  child.send("stop");
  const [tally] = (await answered) as [[string, string, number][]];
  child.kill();
  return tally;
}

const bench = await startBench();
try {
  const tenant = await addTenant(bench, "tenant");
  await addTenant(bench, "attacker");
  const works = await tenantWork(tenant);
  await measurePhase(works, WARM_UP_MS);
  const quiet = await measurePhase(works, PHASE_MS);
  const attacker = await startAttacker(bench.server.address);
  const attacked = await measurePhase(works, PHASE_MS);
  const attempts = await stopAttacker(attacker);
  const phases = works.map(({ name, isBound }, index) => {
    const [before, during] = [quiet[index]!, attacked[index]!];
    return { name, isBound, quiet: before, attacked: during, factor: during.p99 / before.p99 };
  });
  const result = { ...describeMachine(), seconds: PHASE_MS / 1000, phases, attempts };
  if (options.json) console.log(JSON.stringify(result, null, 2));
  else {
    console.log(`${machineLine(result)}\n`);
    const show = ({ count, p50, p99, max }: Latencies) => [
      String(count),
      ...[p50, p99, max].map((ms) => ms.toFixed(2)),
    ];
    const rows = phases.map(({ name, quiet: before, attacked: during, factor }) => [
      name,
      ...show(before),
      ...show(during),
      factor.toFixed(2),
    ]);
    const head = ["ms", "quiet", "p50", "p99", "max", "attacked", "p50", "p99", "max", "p99 ×"];
    console.log(table(head, rows));
    console.log(
      table(
        ["the attacker's attempts", "answers", "times"],
        attempts.map((line) => line.map(String)),
      ),
    );
  }
  if (options.save) console.log(`kept in ${saveResult("attack", result)}`);
  const isHeld = phases.every(({ isBound, factor }) => !isBound || factor <= FACTOR_MAX);
  if (!options.json)
    console.log(isHeld ? "the tenant's p99 held" : `a p99 is more than ${FACTOR_MAX} times the quiet one`);
  process.exitCode = isHeld ? 0 : 1;
} finally {
  await bench.stop();
}
process.exit();
