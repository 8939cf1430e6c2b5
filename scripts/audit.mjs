// Asks the registry for known vulnerabilities of the packages that server, SDK and CLI need at run time. Arguments are
// passed to npm. Exit codes: 0 none, 1 some, 2 npm failed, 3 the registry does not support audits.
import { spawnSync } from "node:child_process";
import { root } from "./install.mjs";

const cli = process.env.npm_execpath;
const [command, first] = cli?.endsWith(".js") ? [process.execPath, [cli]] : ["npm", []];
// The root's lock file covers the workspaces, too.
const args = [...first, "audit", "--omit=dev", "--json", ...process.argv.slice(2)];
const { stdout, stderr, error } = spawnSync(command, args, {
  cwd: root,
  encoding: "utf8",
  maxBuffer: 1e8,
  shell: command === "npm" && process.platform === "win32",
});

function readReport() {
  try {
    return JSON.parse(stdout);
  } catch {
    return undefined;
  }
}

const report = readReport();
if (report?.vulnerabilities !== undefined) {
  const found = Object.values(report.vulnerabilities);
  for (const { name, severity, range, via, fixAvailable } of found) {
    const titles = via.map((each) => (typeof each === "string" ? `by ${each}` : `${each.title} (${each.url})`));
    console.log(`${severity}: ${name} ${range}: ${titles.join("; ")}${fixAvailable ? "" : "; no fix yet"}`);
  }
  const { prod } = report.metadata.dependencies;
  console.log(`${found.length} of ${prod} packages with known vulnerabilities.`);
  process.exitCode = found.length === 0 ? 0 : 1;
} else if (report?.statusCode !== undefined || report?.error?.code === "ENOAUDIT") {
  console.error(`The registry does not answer audits: ${report.message ?? report.error.summary}`);
  console.error("Nothing was checked. To ask another one: npm run audit -- --registry URL");
  process.exitCode = 3;
} else {
  console.error(error?.message ?? report?.message ?? report?.error?.summary ?? stderr);
  console.error("Nothing was checked.");
  process.exitCode = 2;
}
