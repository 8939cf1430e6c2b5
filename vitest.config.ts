import { defineConfig } from "vitest/config";

const tests = (...names: string[]) => names.map((name) => `dist/test/${name}.test.js`);

/**
 * They measure, stop or change the process that they run in, or open devices in it: each file has one of its own. All
 * others share the processes of the workers, and what is loaded there.
 */
const alone = tests(
  "{crash,fuzz,hosts,scripts}/**/*",
  "kernels/webgpu-*",
  "**/*-time",
  "api/{dataset-download,long-texts}",
  "datasets/import-csv",
  "network/many-hexagons",
  "kernels/wide-{growth,networks}",
  "conformance/reference-page",
  "sdk/browser",
);

/** What takes longer than 15 seconds on an idle machine: `npm test -- --fast` leaves it out. */
const slow = tests(
  "{crash,fuzz}/**/*",
  "main",
  "api/{column-names,dataset-download,dataset-upload,file-kinds,tls}",
  "cli/{accounts,usage,workflow}",
  "clusters/direct-io",
  "conformance/{races,upstream}",
  "datasets/import-{csv,tables,time}",
  "db/{own-server,upgrade}",
  "hosts/{gpu-*,hanging-cluster,hostile-state,watchdog}",
  "kernels/{webgpu-*,yield-points}",
  "limits/{room,widths}",
  "scripts/{bench,demo,readme,start}",
  "tasks/{fairness,resume}",
);

const exclude = process.env["HANAMI_TEST_FAST"] === undefined ? [] : slow;

/** Node loads what is compiled without Vite in between; but Vite alone knows which tests a change is about. */
const isWatching = process.env["HANAMI_TEST_WATCH"] !== undefined;

const settings = {
  setupFiles: ["dist/test/support/fixed-seed.js"],
  // These end what hangs, and say nothing about speed: some machines are five times as slow as others.
  testTimeout: 120_000,
  hookTimeout: 120_000,
  // How long a busy machine may take until something that was caused is there.
  expect: { poll: { timeout: 20_000 } },
  // Files share processes: what one changes, the next must not find.
  unstubEnvs: true,
  server: { deps: { external: isWatching ? [] : [/\/dist\//] } },
};

// Tests run from the compiled tree: workers and child processes then load exactly what ships.
export default defineConfig({
  test: {
    globalSetup: ["dist/test/support/global-setup.js"],
    // One more than the processors of the smallest machine: files often wait, for a timeout or the end of a process.
    maxWorkers: 3,
    projects: [
      { test: { ...settings, name: "alone", include: alone, exclude } },
      {
        test: {
          ...settings,
          name: "shared",
          include: tests("**/*"),
          exclude: [...alone, ...exclude],
          isolate: false,
        },
      },
    ],
  },
});
