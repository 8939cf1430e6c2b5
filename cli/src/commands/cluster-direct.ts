import type { Command } from "commander";
import type { DirectIO, HanamiClient } from "hanami-sdk";
import { addCommand, run } from "../command.ts";
import { CliError } from "../errors.ts";
import { endSignal } from "../end-signal.ts";
import { integer } from "../input/numbers.ts";
import { parseSource, readSamples, readsStdin, type Source } from "../input/samples.ts";
import { printable } from "../output/printable.ts";
import { matrixTable } from "../output/views.ts";

const VALUES_HELP = "NAME=1,0,0.5 or NAME=@FILE or NAME=@- for standard input; a file has one sample per line";

function collectSource(text: string, before: Source[] = []): Source[] {
  const source = parseSource(text);
  if (before.some(({ name }) => name === source.name)) throw new CliError(`'${source.name}' is given twice`);
  return [...before, source];
}

/** Works with a cluster in direct mode, and switches it back to task mode even after an error or a signal. */
async function withDirectIO(
  client: HanamiClient,
  uuid: string,
  work: (io: DirectIO, stop: AbortSignal) => Promise<void>,
): Promise<void> {
  // Before the mode changes.
  const stop = endSignal();
  const io = await client.clusters.directIO(uuid);
  try {
    await work(io, stop);
  } catch (error) {
    // Only the first error is reported.
    await io.close().catch(() => {});
    throw error;
  }
  await io.close();
}

type Outputs = Record<string, number[]>;

/** One table per output, with a title when there are several. */
function outputTables(answers: Outputs[]): string {
  const names = Object.keys(answers[0] ?? {});
  const rowsOf = (name: string) => answers.map((answer) => answer[name] ?? []);
  return names
    .map((name) => (names.length > 1 ? `${printable(name)}\n` : "") + matrixTable(rowsOf(name), 0))
    .join("\n");
}

/** `hanamictl cluster train` and `request`: single samples over a websocket, without a task. */
export function addDirectCommands(group: Command): void {
  addCommand(group, "train <CLUSTER_UUID>", "Teach single samples directly, without a task")
    .requiredOption("-i, --input <NAME=VALUES>", `values of an input, repeatable: ${VALUES_HELP}`, collectSource)
    .requiredOption("-o, --output <NAME=VALUES>", "values expected of an output, likewise", collectSource)
    .option("--repeat <COUNT>", "teach all samples this many times", integer, 1)
    .action(
      run<{ input: Source[]; output: Source[]; repeat: number }>(async ({ options, print, connect }, uuid) => {
        const { input: inputs, output: expected, repeat } = options;
        if (repeat < 1) throw new CliError("--repeat must be at least 1");
        if (readsStdin([...inputs, ...expected]) && repeat > 1) {
          throw new CliError("Standard input can be read once only: leave out --repeat");
        }
        const client = await connect();
        let count = 0;
        await withDirectIO(client, uuid, async (io, stop) => {
          for (let turn = 0; turn < repeat; turn++) {
            for await (const sample of readSamples({ inputs, expected }, stop)) {
              await io.train(sample.inputs, sample.expected);
              count++;
            }
          }
        });
        print.message(`successfully trained cluster '${uuid}' with ${count} samples`, { samples: count });
      }),
    );

  addCommand(group, "request <CLUSTER_UUID>", "Ask for the outputs of single samples directly, without a task")
    .requiredOption("-i, --input <NAME=VALUES>", `values of an input, repeatable: ${VALUES_HELP}`, collectSource)
    .option("--outputs <COUNT>", "how many outputs the cluster's template has", integer, 1)
    .action(
      run<{ input: Source[]; outputs: number }>(async ({ options, print, connect }, uuid) => {
        const { input: inputs, outputs } = options;
        if (outputs < 1) throw new CliError("--outputs must be at least 1");
        readsStdin(inputs);
        const client = await connect();
        const answers: Outputs[] = [];
        await withDirectIO(client, uuid, async (io, stop) => {
          for await (const sample of readSamples({ inputs, expected: [] }, stop)) {
            const answer = Object.entries(await io.request(sample.inputs, outputs));
            answers.push(Object.fromEntries(answer.map(([name, values]) => [name, Array.from(values)])));
          }
        });
        print.custom(answers, () => outputTables(answers));
      }),
    );
}
