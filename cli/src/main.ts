import { fileError, report } from "./errors.ts";
import { createProgram, wantsJson } from "./program.ts";

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // The reader, such as `head`, has closed the pipe.
  if (error.code === "EPIPE") process.exit();
  process.exit(report(fileError("write", "standard output", error), { asJson: wantsJson() }));
});

try {
  await createProgram().parseAsync();
} catch (error) {
  process.exitCode = report(error, { asJson: wantsJson() });
}
