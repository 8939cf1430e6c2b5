import { join } from "node:path";
import { linuxRoots, listFolder, readText, type SensorRoots } from "./read-sensors.ts";

/** `0-2,5` → 0, 1, 2, 5 */
function parseCpuList(text: string): number[] {
  return text.split(",").flatMap((part) => {
    const [first = 0, last = first] = part.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

/** Every thread of this process and the cores on which it may run. Threads that share a name are numbered. */
export async function readThreadMap(roots: SensorRoots = linuxRoots): Promise<Record<string, number[]>> {
  const folder = join(roots.proc, "self/task");
  const byName = new Map<string, number[][]>();
  for (const thread of await listFolder(folder)) {
    const status = await readText(join(folder, thread, "status"));
    const name = /^Name:\s*(.+)$/m.exec(status ?? "")?.[1];
    const cpus = /^Cpus_allowed_list:\s*(.+)$/m.exec(status ?? "")?.[1];
    // The thread has just ended.
    if (name === undefined || cpus === undefined) continue;
    byName.set(name, [...(byName.get(name) ?? []), parseCpuList(cpus)]);
  }
  const entries = [...byName].flatMap(([name, cores]) =>
    cores.map((list, index): [string, number[]] => [cores.length === 1 ? name : `${name}_${index}`, list]),
  );
  return Object.fromEntries(entries);
}
