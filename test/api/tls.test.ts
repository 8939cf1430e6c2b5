import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { get, type RequestOptions } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls, type PeerCertificate } from "node:tls";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { loadTlsFiles } from "../../src/tls-files.ts";
import { runCli } from "../cli/run-cli.ts";
import { makeCertificate } from "../support/certificate.ts";
import { spawnServer } from "../support/server-process.ts";
import { adminId, createTestApp, testPassphrase, type TestApp } from "../support/test-app.ts";

// Several servers or programs start: on a busy machine that takes its time.
vi.setConfig({ testTimeout: 120_000 });

let folder: string;
let app: TestApp;
let url: string;
const certificate = makeCertificate();
const path = (name: string) => join(folder, name);
const put = async (name: string, { cert, key }: typeof certificate) => {
  await writeFile(path(`${name}.crt`), cert);
  await writeFile(path(`${name}.key`), key, { mode: 0o600 });
  return { certFile: path(`${name}.crt`), keyFile: path(`${name}.key`) };
};
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "hanami-tls-"));
  app = await createTestApp({ config: { tls: await put("server", certificate) } });
  ({ url } = await app.server.listen());
});
afterAll(async () => {
  await app.close();
  await rm(folder, { recursive: true });
});

const env = (more: Record<string, string> = {}) => ({
  HANAMI_ADDRESS: url,
  HANAMI_USER: adminId,
  HANAMI_PASSPHRASE: testPassphrase,
  ...more,
});

/** Status and headers of the answer. */
function ask(options: RequestOptions, address = url) {
  return new Promise<{ status: number | undefined; headers: NodeJS.Dict<string | string[]> }>((resolve, reject) => {
    get(`${address}/health`, options, (response) => {
      response.resume();
      resolve({ status: response.statusCode, headers: response.headers });
    }).on("error", reject);
  });
}

test("REST with a certificate that the client knows; nothing without, nor with an old version, nor in the clear", async () => {
  expect(url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
  const { status, headers } = await ask({ ca: certificate.cert });
  expect([status, headers["strict-transport-security"]]).toEqual([200, expect.stringContaining("max-age=")]);
  await expect(ask({})).rejects.toThrow("self-signed certificate");
  await expect(ask({ ca: certificate.cert, maxVersion: "TLSv1.1", minVersion: "TLSv1" })).rejects.toThrow(
    /SSL|protocol/i,
  );
  await expect(fetch(url.replace("https", "http"))).rejects.toThrow("fetch failed");
  expect((await ask({ ca: certificate.cert })).status).toBe(200);
  const offer = { Connection: "Upgrade", Upgrade: "h2c" };
  expect((await ask({ ca: certificate.cert, headers: offer })).status).toBe(200);
});

test("the command line, with REST and websockets", async () => {
  await writeFile(path("table.csv"), "a,b\n1,2\n3,4\n");
  const create = ["dataset", "create", "csv", "-i", path("table.csv"), "over_tls", "-j"];
  const trusting = await runCli(create, { env: env({ NODE_EXTRA_CA_CERTS: path("server.crt") }) });
  expect(trusting).toMatchObject({ code: 0, stderr: "" });
  expect(JSON.parse(trusting.stdout)).toMatchObject({ name: "over_tls", number_of_rows: 2 });
  expect(await runCli(["--insecure", "host", "list"], { env: env() })).toMatchObject({ code: 0, stderr: "" });
  const refused = await runCli(create, { env: env() });
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/^Error: Cannot reach .*certificate/) });
});

test("the SDK, with REST and websockets", async () => {
  const program = `
    const { HanamiClient } = await import(${JSON.stringify(import.meta.resolve("hanami-sdk"))});
    const hanami = new HanamiClient(${JSON.stringify({ address: url, user: adminId, passphrase: testPassphrase })});
    const file = new TextEncoder().encode("a,b\\n1,2\\n3,4\\n5,6\\n");
    console.log((await hanami.datasets.uploadCsv({ name: "from_the_sdk", file })).number_of_rows);
  `;
  const run = async (more: Record<string, string>) => {
    const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
      env: { PATH: process.env["PATH"], ...more },
    });
    const output = { out: "", error: "" };
    child.stdout.on("data", (data) => (output.out += String(data)));
    child.stderr.on("data", (data) => (output.error += String(data)));
    const [code] = await once(child, "close");
    return { code, ...output };
  };
  expect(await run({ NODE_EXTRA_CA_CERTS: path("server.crt") })).toEqual({ code: 0, out: "3\n", error: "" });
  expect(await run({})).toMatchObject({ code: 1, error: expect.stringContaining("ConnectionError") });
});

test("files that do not fit are named before the server starts", async () => {
  const other = await put("other", makeCertificate());
  const { certFile, keyFile } = await put("server", certificate);
  const warnings: unknown[] = [];
  const log = { warn: (...what: unknown[]) => void warnings.push(what) };
  await expect(loadTlsFiles({ certFile, keyFile: other.keyFile }, log)).rejects.toThrow(/other\.key.*mismatch/);
  await expect(loadTlsFiles({ certFile, keyFile: path("none") }, log)).rejects.toThrow("no such file");
  await writeFile(path("no.crt"), "no certificate");
  await expect(loadTlsFiles({ certFile: path("no.crt"), keyFile }, log)).rejects.toThrow("no.crt");
  await loadTlsFiles({ certFile, keyFile }, log);
  expect(warnings).toEqual([]);
  await loadTlsFiles(await put("late", makeCertificate({ days: 3 })), log);
  expect(warnings).toEqual([
    [{ file: path("late.crt"), validTo: expect.any(String) }, "the certificate expires soon, or has expired"],
  ]);
});

async function until(output: () => string, text: string): Promise<void> {
  await expect.poll(output, { timeout: 60_000 }).toContain(text);
}

/** Who is at the other end. */
async function peer(address: string, ca: string): Promise<PeerCertificate> {
  const { hostname, port } = new URL(address);
  const socket = connectTls({ host: hostname, port: Number(port), ca });
  await once(socket, "secureConnect");
  const found = socket.getPeerCertificate();
  socket.destroy();
  return found;
}

test("SIGHUP takes a new certificate and new keys while the server runs, and nothing that can not be used", async () => {
  const [before, after] = [makeCertificate({ name: "before" }), makeCertificate({ name: "after" })];
  const { certFile, keyFile } = await put("live", before);
  await writeFile(path("one.key"), "1".repeat(40), { mode: 0o600 });
  await writeFile(path("two.key"), "2".repeat(40), { mode: 0o600 });
  const settings = (tokens: string) =>
    writeFile(path("settings"), `HANAMI_TLS_CERT_FILE=${certFile}\nHANAMI_TLS_KEY_FILE=${keyFile}\n${tokens}\n`);
  await settings(`HANAMI_TOKEN_KEY_FILE=${path("one.key")}`);
  const child = spawnServer(path("data"), { HANAMI_LOG_LEVEL: "info" }, ["--config", path("settings")]);
  let [out, log] = ["", ""];
  child.stdout.on("data", (data) => (out += String(data)));
  child.stderr.on("data", (data) => (log += String(data)));
  await until(() => out, "listens on https://");
  const address = /https:\S+/.exec(out)?.[0] ?? "";
  const cli = (args: string[], ca: string) =>
    runCli(args, { env: { ...env(), HANAMI_ADDRESS: address, NODE_EXTRA_CA_CERTS: ca } });

  expect((await peer(address, before.cert)).subject.CN).toBe("before");
  await writeFile(certFile, after.cert);
  child.kill("SIGHUP");
  await until(() => log, "nothing was reloaded");
  expect((await peer(address, before.cert)).subject.CN).toBe("before");

  await writeFile(keyFile, after.key);
  await settings(`HANAMI_TOKEN_KEY_FILE=${path("two.key")}\nHANAMI_TOKEN_OLD_KEY_FILES=${path("one.key")}`);
  child.kill("SIGHUP");
  await until(() => log, "were read again");
  expect((await peer(address, after.cert)).subject.CN).toBe("after");
  expect(await cli(["project", "list"], certFile)).toMatchObject({ code: 0, stderr: "" });
  for (const secret of ["1".repeat(40), "2".repeat(40), testPassphrase, after.key])
    expect(log + out).not.toContain(secret);
}, 120_000);
