import type { Command } from "commander";
import { addCommand, runOwn } from "../command.ts";
import { endSignal } from "../end-signal.ts";
import type { Interrupted } from "../errors.ts";
import { eventLine } from "../output/event-line.ts";
import { jsonLine } from "../output/json.ts";
import { writeOut } from "../output/write-out.ts";

interface EventOptions {
  kind?: string;
  cluster?: string;
  task?: string;
}

/** `hanamictl events` */
export function addEventsCommand(program: Command): void {
  addCommand(program, "events", "Print what happens on the server, a line for each event, until Ctrl-C")
    .option("--kind <KIND>", "only events of a kind, such as task.ended, or of a group, such as task, or several: a,b")
    .option("-c, --cluster <CLUSTER_UUID>", "only those of a cluster")
    .option("--task <TASK_UUID>", "only those of a task")
    .action(
      runOwn<EventOptions>(async ({ options, asJson, connect }) => {
        const { kind, cluster: cluster_uuid, task: task_uuid } = options;
        const signal = endSignal();
        try {
          const client = await connect();
          for await (const event of client.events({ kind, cluster_uuid, task_uuid, signal })) {
            await writeOut(asJson ? jsonLine(event) : `${eventLine(event)}\n`);
          }
        } catch (error) {
          // Ctrl-C is how this command ends.
          const isDone = signal.aborted && (signal.reason as Interrupted).signal === "SIGINT";
          if (!isDone) throw signal.aborted ? signal.reason : error;
        }
      }),
    );
}
