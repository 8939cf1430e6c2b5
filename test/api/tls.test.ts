import { spawn } from "node:child_process";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { get, type RequestOptions } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls, type PeerCertificate } from "node:tls";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { loadTlsFiles } from "../../src/server/tls-files.ts";
import { runCli } from "../cli/run-cli.ts";
import { makeCertificate } from "../support/certificate.ts";
import { spawnServer } from "../support/server-process.ts";
import { adminId, createTestApp, testPassphrase, type TestApp } from "../support/test-app.ts";

// Several servers or programs start, which is slow on a busy machine.
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

test("REST with a certificate that the client trusts; none without trust, with an old version or in plain text", async () => {
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
  expect(refused).toMatchObject({ code: 4, stderr: expect.stringMatching(/^\{"error":"Cannot reach .*certificate/) });
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

interface Files {
  certFile: string;
  keyFile: string;
}

/** Loads a certificate and a key from files. */
async function load(cert: string | Uint8Array, key: string | Uint8Array) {
  const files: Files = { certFile: path("tried.crt"), keyFile: path("tried.key") };
  await writeFile(files.certFile, cert);
  await writeFile(files.keyFile, key);
  const warnings: string[] = [];
  const loaded = await loadTlsFiles(files, { warn: (_: object, text?: string) => void warnings.push(text ?? "") });
  return { ...loaded, warnings };
}

const kinds = ["ec", "rsa", "ed25519"] as const;
const root = makeCertificate({ name: "root" });
const middle = makeCertificate({ name: "middle", issuer: root });
const leaf = makeCertificate({ name: "leaf", issuer: middle });
const [rsa, ed25519] = [makeCertificate({ keyType: "rsa" }), makeCertificate({ keyType: "ed25519" })];
const encrypted = createPrivateKey(certificate.key).export({
  type: "pkcs8",
  format: "pem",
  cipher: "aes-256-cbc",
  passphrase: "secret",
});
const der = new X509Certificate(certificate.cert).raw;
const apart = "the certificate and the key do not belong together";

/** Certificates and keys that a server must refuse, with the reason. */
const unusable: Record<string, [cert: string | Uint8Array, key: string | Uint8Array, reason: string]> = {
  "another key": [certificate.cert, makeCertificate().key, apart],
  "another key of RSA": [rsa.cert, makeCertificate({ keyType: "rsa" }).key, apart],
  "keys of two kinds": [rsa.cert, certificate.key, apart],
  "keys of two kinds, the other way round": [certificate.cert, rsa.key, apart],
  "the key of Ed25519 with another certificate": [rsa.cert, ed25519.key, apart],
  "the two files swapped": [certificate.key, certificate.cert, "holds no CERTIFICATE in PEM, but PRIVATE KEY"],
  "the certificate twice": [certificate.cert, certificate.cert, "holds no PRIVATE KEY in PEM, but CERTIFICATE"],
  "the key twice": [certificate.key, certificate.key, "holds no CERTIFICATE in PEM, but PRIVATE KEY"],
  "an empty certificate": ["", certificate.key, "tried.crt holds no CERTIFICATE in PEM"],
  "an empty key": [certificate.cert, "", "tried.key holds no PRIVATE KEY in PEM"],
  "text in place of a certificate": ["no certificate", certificate.key, "tried.crt holds no CERTIFICATE in PEM"],
  "DER in place of PEM": [der, certificate.key, "tried.crt holds no CERTIFICATE in PEM"],
  "half a certificate": [leaf.cert.slice(0, 300), leaf.key, "tried.crt ends in the middle of a CERTIFICATE"],
  "half a chain": [leaf.cert + middle.cert.slice(0, 300), leaf.key, "tried.crt ends in the middle of a CERTIFICATE"],
  "half a key": [certificate.cert, certificate.key.slice(0, 100), "tried.key ends in the middle of a PRIVATE KEY"],
  "a certificate without its beginning": [leaf.cert.slice(30), leaf.key, "tried.crt is broken at '-----END CERT"],
  "one certificate in another": [leaf.cert.slice(0, 300) + root.cert, leaf.key, "tried.crt is broken at '-----BEGIN"],
  "a letter too few": [certificate.cert.replace(/(-----\n.+).\n/, "$1\n"), certificate.key, "certificate 1 of"],
  "a broken second certificate": [leaf.cert + middle.cert.replace(/\nM.{30}/, "\nM"), leaf.key, "certificate 2 of"],
  "a broken key": [certificate.cert, certificate.key.replace(/\n.{30}/, "\n"), "is broken"],
  "the root first": [root.cert + middle.cert + leaf.cert, leaf.key, "the key belongs to certificate 3 of the file"],
  "the signer first": [middle.cert + leaf.cert, leaf.key, "the key belongs to certificate 2 of the file"],
  "two keys": [certificate.cert, certificate.key + leaf.key, "holds 2 keys"],
  "a key with a passphrase": [certificate.cert, encrypted, "the key in"],
};

test.each(Object.entries(unusable))("unusable files are named: %s", async (_, [cert, key, reason]) => {
  await expect(load(cert, key)).rejects.toThrow(reason);
  await expect(load(cert, key)).rejects.toThrow("tried.crt");
});

test("missing files are named", async () => {
  const { certFile, keyFile } = await put("server", certificate);
  const log = { warn: () => {} };
  await expect(loadTlsFiles({ certFile, keyFile: path("none") }, log)).rejects.toThrow("no such file");
  await expect(loadTlsFiles({ certFile: path("none"), keyFile }, log)).rejects.toThrow("no such file");
  await expect(loadTlsFiles({ certFile: folder, keyFile }, log)).rejects.toThrow(folder);
});

test.each(kinds)("keys of %s, in all forms of a PEM file", async (keyType) => {
  const { cert, key } = makeCertificate({ keyType });
  const crlf = (text: string) => text.replaceAll("\n", "\r\n");
  const forms: [string, string][] = [
    [cert, key],
    [crlf(cert), crlf(key)],
    [`\ufeff${cert}`, `\ufeff${key}`],
    [`Bag Attributes\n  name: größe\n${cert}# end`, `# the key\n${key}`],
    // One file with both.
    [key + cert, key + cert],
  ];
  for (const form of forms) {
    const loaded = await load(...form);
    expect(new X509Certificate(loaded.cert).checkPrivateKey(createPrivateKey(loaded.key))).toBe(true);
    expect(loaded.warnings).toEqual([]);
  }
});

test("keys in the formats of old tools", async () => {
  const sec1 = createPrivateKey(certificate.key).export({ type: "sec1", format: "pem" }) as string;
  const parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
  const pkcs1 = createPrivateKey(rsa.key).export({ type: "pkcs1", format: "pem" }) as string;
  await load(certificate.cert, parameters + sec1);
  await load(rsa.cert, pkcs1);
  const locked = createPrivateKey(rsa.key).export({
    type: "pkcs1",
    format: "pem",
    cipher: "aes-128-cbc",
    passphrase: "x",
  });
  await expect(load(rsa.cert, locked)).rejects.toThrow("has a passphrase");
});

test("a certificate that clients may refuse is a warning", async () => {
  const warnings = async (cert: string, { key } = leaf) => (await load(cert, key)).warnings;
  expect(await warnings(leaf.cert + middle.cert + root.cert)).toEqual([]);
  expect(await warnings(leaf.cert + root.cert + middle.cert)).toHaveLength(2);
  expect(await warnings(leaf.cert + rsa.cert)).toEqual(["the next certificate in the file did not sign this one"]);
  const soon = makeCertificate({ days: 3 });
  expect(await warnings(soon.cert, soon)).toEqual(["the certificate expires soon"]);
  const expired = makeCertificate({ since: 9, days: -1 });
  expect(await warnings(expired.cert, expired)).toEqual(["the certificate has expired"]);
  const early = makeCertificate({ since: -1 });
  expect(await warnings(early.cert, early)).toEqual(["the certificate is not valid yet"]);
});

test("a start with unusable files ends and gives the reason in one line", async () => {
  await writeFile(path("mixed.crt"), rsa.cert);
  await writeFile(path("mixed.key"), certificate.key);
  const env = { HANAMI_TLS_CERT_FILE: path("mixed.crt"), HANAMI_TLS_KEY_FILE: path("mixed.key") };
  const child = spawnServer(path("unused"), env);
  let errors = "";
  child.stderr.on("data", (data) => (errors += String(data)));
  expect((await once(child, "close"))[0]).toBe(1);
  expect(errors).toMatch(/^TLS with \S+mixed\.crt and \S+mixed\.key is not possible: .* do not belong together\n$/);
});

async function until(output: () => string, text: string): Promise<void> {
  await expect.poll(output, { timeout: 60_000 }).toContain(text);
}

/** The certificate of the peer. */
async function peer(address: string, ca: string): Promise<PeerCertificate> {
  const { hostname, port } = new URL(address);
  const socket = connectTls({ host: hostname, port: Number(port), ca });
  await once(socket, "secureConnect");
  const found = socket.getPeerCertificate();
  socket.destroy();
  return found;
}

test("SIGHUP loads a new certificate and new keys into the running server, and rejects unusable ones", async () => {
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
  /** Nothing is replaced: neither the certificate, nor the token key that comes with it. */
  const refuse = async () => {
    const refused = log.split("nothing was reloaded").length;
    child.kill("SIGHUP");
    await expect.poll(() => log.split("nothing was reloaded").length, { timeout: 60_000 }).toBe(refused + 1);
    expect((await peer(address, before.cert)).subject.CN).toBe("before");
    expect(await cli(["project", "list"], path("before.crt"))).toMatchObject({ code: 0, stderr: "" });
  };
  await writeFile(path("before.crt"), before.cert);
  await writeFile(certFile, after.cert);
  await refuse();
  await writeFile(certFile, rsa.cert);
  await refuse();
  expect(log).toContain(apart);
  await writeFile(certFile, after.cert.slice(0, 200));
  await writeFile(keyFile, after.key);
  await settings(`HANAMI_TOKEN_KEY_FILE=${path("two.key")}`);
  await refuse();
  await writeFile(certFile, after.cert);
  await settings(`HANAMI_TOKEN_KEY_FILE=${path("no.key")}`);
  await refuse();

  await settings(`HANAMI_TOKEN_KEY_FILE=${path("two.key")}\nHANAMI_TOKEN_OLD_KEY_FILES=${path("one.key")}`);
  child.kill("SIGHUP");
  await until(() => log, "were read again");
  expect((await peer(address, after.cert)).subject.CN).toBe("after");
  expect(await cli(["project", "list"], certFile)).toMatchObject({ code: 0, stderr: "" });
  for (const secret of ["1".repeat(40), "2".repeat(40), testPassphrase, after.key])
    expect(log + out).not.toContain(secret);
}, 120_000);
