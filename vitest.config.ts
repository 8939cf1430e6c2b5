import { defineConfig } from "vitest/config";

// Tests run from the compiled tree: workers and child processes then load exactly what ships.
export default defineConfig({
  test: {
    include: ["dist/test/**/*.test.js"],
    globalSetup: ["dist/test/support/global-setup.js"],
    setupFiles: ["dist/test/support/fixed-seed.js"],
    maxWorkers: 2,
    // These end what hangs, and say nothing about speed: some machines are five times as slow as others.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // How long a busy machine may take until something that was caused is there.
    expect: { poll: { timeout: 20_000 } },
  },
});
