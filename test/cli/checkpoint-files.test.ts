import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { cells, startCliServer, type CliServer } from "./run-cli.ts";

// Each step starts a process, which takes a second on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

const template = `version: 1
settings:
    neuron_cooldown: 10000000.0
hexagons:
    1,1,1
    2,1,1
    3,1,1
inputs:
    in_hex: 1,1,1
outputs:
    out_hex: 3,1,1
`;
const unknown = "11111111-2222-3333-4444-555555555555";

let server: CliServer;
let file = "";
beforeAll(async () => {
  server = await startCliServer();
  file = join(server.app.dataDir, "saved.safetensors");
});
afterAll(() => server.app.close());

const created = async (...args: string[]) => (await server.json<{ uuid: string }>(...args)).uuid;

test("a checkpoint is downloaded as a file and uploaded again, and a cluster continues where the saved one was", async () => {
  const templateFile = join(server.app.dataDir, "template");
  await writeFile(templateFile, template);
  const cluster = await created("cluster", "create", "-t", templateFile, "first", "--seed", "7");
  await server.text("cluster", "train", cluster, "-i", "in_hex=1,0.5,-2", "-o", "out_hex=1,0", "--repeat", "30");
  const checkpoint = await created("cluster", "save", "-n", "saved", cluster, "--wait");

  const download = ["checkpoint", "download", checkpoint, "-o", file];
  const message = await server.text(...download);
  const saved = await readFile(file);
  expect(message).toBe(`successfully saved checkpoint '${checkpoint}' as '${file}' (${saved.length} bytes)\n`);
  expect(await server.cli(download)).toEqual({
    code: 1,
    stdout: "",
    stderr: `Error: '${file}' exists already: use --force to replace it\n`,
  });
  await writeFile(file, "replaced");
  expect(await server.json(...download, "--force")).toEqual({ file, bytes: saved.length });
  expect((await readFile(file)).equals(saved)).toBe(true);

  const upload = await server.cli(["checkpoint", "create", "-i", file, "uploaded"]);
  expect(upload).toMatchObject({ code: 0, stderr: "" });
  const shown = cells(upload.stdout);
  expect(shown.map(([name]) => name)).toEqual(["UUID", "NAME", "VISIBILITY", "OWNER ID", "PROJECT ID", "CREATED AT"]);
  expect(shown[1]?.[1]).toBe("uploaded");

  const copy = await created("cluster", "create", "--checkpoint", shown[0]?.[1] as string, "second");
  const ask = (uuid: string) => server.json<unknown[]>("cluster", "request", uuid, "-i", "in_hex=1,0.5,-2");
  const answer = await ask(cluster);
  expect(answer).toEqual([{ out_hex: [expect.any(Number), expect.any(Number)] }]);
  expect(await ask(copy)).toEqual(answer);
});

test("a file that is not a checkpoint is refused, and a failed download replaces nothing", async () => {
  const other = join(server.app.dataDir, "other");
  await writeFile(other, "not a checkpoint at all");
  const upload = await server.cli(["checkpoint", "create", "-i", other, "other"]);
  expect(upload).toEqual({
    code: 1,
    stdout: expect.stringMatching(/^status 400: err Checkpoint can not be imported: .*\n$/),
    stderr: "",
  });
  expect(await server.cli(["checkpoint", "download", unknown, "-o", other, "--force"])).toEqual({
    code: 1,
    stdout: `status 404: err Checkpoint with uuid '${unknown}' not found\n`,
    stderr: "",
  });
  expect(await readFile(other, "utf8")).toBe("not a checkpoint at all");
  expect((await readdir(server.app.dataDir)).filter((name) => name.endsWith(".part"))).toEqual([]);
  expect((await server.cli(["cluster", "create", "-c", unknown, "third"])).stdout).toBe(
    `status 404: err Checkpoint with uuid '${unknown}' not found\n`,
  );
});
