import type { HanamiClient, Task, FollowedTask, TaskReference } from "hanami-sdk";
import { displayTasks } from "./display.ts";
import { WatchedTask } from "./watched-task.ts";

/** Follows tasks until all have ended, and shows them meanwhile; returns them in the same order. */
export async function watchTasks(client: HanamiClient, references: readonly TaskReference[]): Promise<Task[]> {
  const watched = references.map(() => new WatchedTask());
  const display = displayTasks(watched);
  try {
    return await followAll(client, references, (event, at) => {
      const changed = watched[at] as WatchedTask;
      changed.add(event, performance.now());
      display.update(changed);
    });
  } finally {
    display.end();
  }
}

/** Follows tasks at the same time, and hands on each event with the place of its task. */
export async function followAll(
  client: HanamiClient,
  references: readonly TaskReference[],
  onEvent: (event: FollowedTask, at: number) => Promise<void> | void,
): Promise<Task[]> {
  const others = new AbortController();
  const follow = async (reference: TaskReference, at: number) => {
    let last: Task | undefined;
    for await (const event of client.tasks.follow(reference, { signal: others.signal })) {
      others.signal.throwIfAborted();
      await onEvent(event, at);
      if (event.kind === "task") last = event.task;
    }
    return last ?? client.tasks.get(reference);
  };
  try {
    return await Promise.all(references.map(follow));
  } finally {
    // The first error ends the command: without this it would wait for the other tasks.
    others.abort();
  }
}
