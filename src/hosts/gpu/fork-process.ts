import { type ChildProcess, fork, type ForkOptions } from "node:child_process";

/** Mounts each file before `--` onto itself with `nodev,noexec`, so that it is unusable, then executes the rest. */
const HIDE = `while [ "$1" != -- ]; do
  mount --bind "$1" "$1" && mount -o remount,bind,nodev,noexec "$1" || exit 125
  shift
done
shift
exec "$@"`;

/**
 * Starts one of our scripts as a child process with this argument. The process has its own mount namespace, in which it
 * cannot open the device files in `hidden`. This requires Linux and the right to create such namespaces, which
 * containers usually lack; without it the process ends at once.
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
