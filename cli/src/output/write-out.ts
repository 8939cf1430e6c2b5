import { once } from "node:events";

let drained: Promise<unknown> | undefined;

/** Writes to standard output and waits for a slow reader, so that a long stream does not fill the memory. */
export async function writeOut(text: string): Promise<void> {
  if (process.stdout.write(text)) return;
  drained ??= once(process.stdout, "drain").finally(() => (drained = undefined));
  await drained;
}
