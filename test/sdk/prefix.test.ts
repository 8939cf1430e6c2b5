import { once } from "node:events";
import { createServer, request } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { HanamiClient } from "hanami-sdk";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runCli } from "../cli/run-cli.ts";
import { smallTemplate } from "../support/compute.ts";
import { adminId, createTestApp, testPassphrase, type TestApp } from "../support/test-app.ts";

const prefix = "/some/hanami";

let app: TestApp;
let origin: string;
/** Paths of the requests to the proxy. */
const seen: string[] = [];

/** Removes the prefix and knows no other path, like a proxy that serves several programs. */
const proxy = createServer((incoming, outgoing) => {
  seen.push(incoming.url ?? "");
  if (!incoming.url?.startsWith(`${prefix}/`)) return void outgoing.writeHead(404).end("not here");
  const { method, headers } = incoming;
  const forward = request(new URL(server), { method, headers, path: incoming.url.slice(prefix.length) }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(outgoing);
  });
  incoming.pipe(forward);
});
proxy.on("upgrade", (incoming, socket) => {
  seen.push(`upgrade ${incoming.url}`);
  if (!incoming.url?.startsWith(`${prefix}/`)) return void socket.end("HTTP/1.1 404 Not Found\r\n\r\n");
  const upstream = connect(Number(new URL(server).port), "127.0.0.1");
  const headers = Object.entries(incoming.headers).map(([name, value]) => `${name}: ${String(value)}\r\n`);
  upstream.write(`GET ${incoming.url.slice(prefix.length)} HTTP/1.1\r\n${headers.join("")}\r\n`);
  for (const each of [socket, upstream]) each.on("error", () => {});
  upstream.pipe(socket).pipe(upstream);
});
let server: string;

beforeAll(async () => {
  app = await createTestApp();
  server = (await app.server.listen()).url;
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  origin = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
});
afterAll(async () => {
  proxy.closeAllConnections();
  proxy.close();
  await app.close();
});

test.each(["", "/", "//"])("the SDK behind a proxy with a path, which ends with '%s'", async (end) => {
  const hanami = new HanamiClient({ address: origin + prefix + end, user: adminId, passphrase: testPassphrase });
  const file = Buffer.from("a,b\n1,2\n3,4\n");
  expect(await hanami.datasets.uploadCsv({ name: "behind", file })).toMatchObject({ number_of_rows: 2 });
  const { uuid } = await hanami.clusters.create({ name: `behind${end}`.replaceAll("/", "_"), template: smallTemplate });
  const line = await hanami.clusters.directIO(uuid);
  await line.train({ picture_hex: [0.5] }, { label_hex: [0.5] });
  expect(Object.keys(await line.request({ picture_hex: [0.5] }))).toEqual(["label_hex"]);
  await line.close();
  expect(seen.filter((path) => path.startsWith("upgrade "))).toContain(`upgrade ${prefix}/`);
  expect(seen.filter((path) => !path.replace("upgrade ", "").startsWith(`${prefix}/`))).toEqual([]);
});

test("the command line behind a proxy with a path", async () => {
  const file = join(app.dataDir, "behind.csv");
  await writeFile(file, "a,b\n1,2\n3,4\n");
  const env = { HANAMI_ADDRESS: origin + prefix, HANAMI_USER: adminId, HANAMI_PASSPHRASE: testPassphrase };
  const outcome = await runCli(["dataset", "create", "csv", "-i", file, "behind_cli", "-j"], { env });
  expect(outcome).toMatchObject({ code: 0, stderr: "" });
  expect(JSON.parse(outcome.stdout)).toMatchObject({ number_of_rows: 2 });
});

test("an address with a query or a fragment is invalid", async () => {
  for (const end of ["?", "?a=b", "#", "#a"]) {
    const address = `${origin}${prefix}${end}`;
    expect(() => new HanamiClient({ address, user: adminId, passphrase: testPassphrase })).toThrow("No address");
    const env = { HANAMI_ADDRESS: address, HANAMI_USER: adminId, HANAMI_PASSPHRASE: testPassphrase };
    expect(await runCli(["host", "list"], { env })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("HANAMI_ADDRESS is not an address"),
    });
  }
});
