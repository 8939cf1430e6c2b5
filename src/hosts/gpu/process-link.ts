import type { HostReply, OpenHostLink } from "../protocol.ts";
import { forkProcess } from "./fork-process.ts";

/** Time that a process has to end by itself when it is closed. */
const CLOSE_TIMEOUT_MS = 5_000;

/**
 * Runs a host in a child process that serves the protocol over its IPC channel; `argument` is its first argument.
 * `hidden` lists files that it cannot use, see `forkProcess`; `started` is called with the id of each process.
 */
export function processLink(
  script: URL,
  argument: object,
  { hidden = [], started }: { hidden?: readonly string[]; started?: (pid: number) => void } = {},
): OpenHostLink {
  return (events) => {
    const child = forkProcess(script, argument, { hidden, stderr: "inherit" });
    if (child.pid !== undefined) started?.(child.pid);
    let reason: string | null = null;
    let closing = false;
    child.on("message", (message: HostReply | { lost: string }) => {
      if ("lost" in message) reason = message.lost;
      else events.reply(message);
    });
    // `close` is never emitted once this side has disconnected. The last messages may arrive after `exit`, so wait for
    // `disconnect`, too.
    const ended = new Promise<string>((resolve) => {
      child.on("error", (error) => {
        reason ??= error.message;
        // A process that failed to start emits no `exit`.
        if (child.pid === undefined) resolve("before it began");
      });
      child.on("exit", (code, signal) => {
        const how = signal === null ? `with code ${code}` : `by ${signal}`;
        if (child.connected) child.once("disconnect", () => resolve(how));
        else resolve(how);
      });
    });
    void ended.then((how) => {
      if (!closing) events.lost(reason ?? `its process ended ${how}`);
    });
    return {
      post: (request) => {
        // Without a channel the process is ending; its end rejects the call.
        if (child.connected) child.send(request, () => undefined);
      },
      close: async (atOnce = false) => {
        closing = true;
        if (child.connected) child.disconnect();
        const timer = setTimeout(() => child.kill("SIGKILL"), atOnce ? 0 : CLOSE_TIMEOUT_MS);
        await ended;
        clearTimeout(timer);
      },
    };
  };
}
