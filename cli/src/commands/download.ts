import type { Command } from "commander";
import type { Download, HanamiClient } from "hanami-sdk";
import type { Run } from "../command.ts";
import { checkFree, printFile, safeName, saveFile } from "../output/save-file.ts";

/** Options of `withDestination`. */
export interface Destination {
  output?: string;
  force?: true;
}

/** Adds the options for the destination of a download. `kind` is the kind of resource, such as `dataset`. */
export function withDestination(command: Command, kind: string): Command {
  return command
    .option("-o, --output <FILE>", `where to save it, - for standard output (default: the ${kind}'s name, here)`)
    .option("--force", "replace a file that exists");
}

/** Downloads to the destination and reports it; `fallback` is the file's name when the server sends none. */
export async function downloadTo(
  { options, print, connect }: Run<Destination>,
  { kind, uuid, fallback }: { kind: string; uuid: string; fallback: string },
  start: (client: HanamiClient) => Promise<Download>,
): Promise<void> {
  const { output, force = false } = options;
  if (output !== undefined && output !== "-") await checkFree(output, force);
  const download = await start(await connect());
  if (output === "-") return printFile(download);
  const file = output ?? safeName(download.fileName, fallback);
  if (output === undefined) {
    await checkFree(file, force).catch(async (error) => {
      // Otherwise the unread body would keep the process alive.
      await download.body.cancel();
      throw error;
    });
  }
  const bytes = await saveFile(download, file);
  print.message(`successfully saved ${kind} '${uuid}' as '${file}' (${bytes} bytes)`, { file, bytes });
}
