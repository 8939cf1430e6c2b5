import { type ChildProcess, fork, type ForkOptions } from "node:child_process";

/** Binds each file before `--` onto itself so that it can neither be used as a device nor run, then becomes the rest. */
const HIDE = `while [ "$1" != -- ]; do
  mount --bind "$1" "$1" && mount -o remount,bind,nodev,noexec "$1" || exit 125
  shift
done
shift
exec "$@"`;

/**
 * Starts a script of ours as a child process with this argument. The device files in `hidden` cannot be opened there:
 * the process gets a mount namespace of its own. That needs Linux, and the right to make such namespaces, which
 * containers usually lack; where it is missing the process ends at once.
 */
export function forkProcess(
  script: URL,
  argument: object,
  { hidden, stderr }: { hidden: readonly string[]; stderr: "inherit" | "pipe" },
): ChildProcess {
  const options: ForkOptions = { serialization: "advanced", execArgv: [], stdio: ["ignore", "ignore", stderr, "ipc"] };
  if (hidden.length > 0) {
    const rights = process.getuid?.() === 0 ? [] : ["--user", "--map-root-user"];
    options.execPath = "unshare";
    options.execArgv = ["--mount", ...rights, "--", "sh", "-c", HIDE, "sh", ...hidden, "--", process.execPath];
  }
  return fork(script, [JSON.stringify(argument)], options);
}
