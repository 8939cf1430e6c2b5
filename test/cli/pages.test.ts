import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { makeCluster, makeDataset } from "../support/compute.ts";
import { startCliServer, type CliServer } from "./run-cli.ts";

// Each step starts a process, which takes a second on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

let server: CliServer;
let cluster: string;
beforeAll(async () => {
  server = await startCliServer();
  cluster = await makeCluster(server.app, { name: "first cluster" });
  await makeCluster(server.app, { name: "second cluster" });
  await makeDataset(server.app.app, { rows: 1 });
});
afterAll(() => server.app.close());

interface List {
  body: unknown[][];
}

test.each(["cluster", "dataset", "checkpoint", "project", "user", "host", "task"])(
  "%s list takes pages",
  async (noun) => {
    const list = async (...args: string[]) => {
      const more = noun === "task" ? ["-c", cluster] : [];
      return (await server.json<List>(noun, "list", ...more, ...args)).body;
    };
    const whole = (await list()).map(([first, second]) => [first, second]);
    const page = await list("--limit", "1");
    expect(page.map(([first, second]) => [first, second])).toEqual(whole.slice(0, 1));
    expect(await list("--page", "7", "--limit", "1")).toEqual([]);
  },
);

test("pages that are none are refused, by the program or the server", async () => {
  expect(await server.cli(["cluster", "list", "--page", "x"])).toMatchObject({
    stderr: expect.stringContaining("It must be a whole number."),
  });
  expect(await server.cli(["cluster", "list", "--limit", "0"])).toMatchObject({
    code: 1,
    stdout: "status 400: err Given item 'limit' is smaller than 1\n",
  });
});
