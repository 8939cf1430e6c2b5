import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { makeCluster, makeDataset } from "../support/compute.ts";
import { cells, startCliServer, type CliServer } from "./run-cli.ts";

// Each step starts a process, which takes a second on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

let server: CliServer;
beforeAll(async () => {
  server = await startCliServer();
});
afterAll(() => server.app.close());

test("an evaluation shows its scores, and warnings on standard error", async () => {
  const [long, short] = [
    await makeDataset(server.app.app, { rows: 60 }),
    await makeDataset(server.app.app, { rows: 40 }),
  ];
  const cluster = await makeCluster(server.app);
  const args = ["-i", `${long}:picture:picture_hex`, "-o", `${short}:label:label_hex`, "-c", cluster];
  const { code, stdout, stderr } = await server.cli(["task", "create", "evaluate", ...args, "--wait", "test_scores"]);
  expect(code).toBe(0);
  const shown = new Map(cells(stdout).map(([name, value]) => [name, value]));
  expect(shown.get("STATE")).toBe("finished");
  expect(shown.get("ROWS")).toBe("40");
  expect(shown.get("METRICS")).toBe("label_hex: accuracy 0.125, balanced accuracy 0.125, log loss 2.07944, rows 40");
  expect(shown.get("BASELINE")).toMatch(/^label_hex: accuracy 0\.125, balanced accuracy 0\.125, class 0, log loss 2/);
  expect(stderr).toContain("warning: Only the first 40 of the 60 rows of dataset 'generated'");
  expect(stderr).toContain("warning: Output 'label_hex' has learnt nothing yet: it answers 0.");

  const uuid = shown.get("UUID")!;
  const again = await server.cli(["task", "get", "-c", cluster, uuid, "-j"]);
  expect(again.stderr).toContain("warning: Only the first 40");
  const { warnings, metrics } = JSON.parse(again.stdout) as { warnings: string[]; metrics: object };
  expect(warnings).toHaveLength(2);
  expect(metrics).toMatchObject({ label_hex: { confusion: { classes: ["0", "1", "2", "3", "4", "5", "6", "7"] } } });
});

test("a URL to notify is passed on", async () => {
  const cluster = await makeCluster(server.app, { name: "silent" });
  const dataset = await makeDataset(server.app.app, { rows: 10 });
  const bound = ["-i", `${dataset}:picture:picture_hex`, "-o", `${dataset}:label:label_hex`, "-c", cluster];
  const url = ["--notify_url", "https://example.com/hooks"];
  const { code, stdout } = await server.cli(["task", "create", "evaluate", ...bound, ...url, "test_scores"]);
  expect([code, stdout]).toEqual([1, expect.stringContaining("does not send notifications to the URL")]);
});

test("the row of the target is first or last", async () => {
  const wrong = ["task", "create", "train", "-c", "x", "-i", "a:b:c", "-o", "a:b:c", "--target_row", "middle", "name"];
  const { code, stdout, stderr } = await server.cli(wrong);
  expect(code).toBe(1);
  expect(stdout + stderr).toContain("Allowed choices are first, last");
});
