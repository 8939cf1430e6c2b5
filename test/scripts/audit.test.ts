import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { expect, onTestFinished, test, vi } from "vitest";
import { paths } from "../../src/files/paths.ts";

// Several servers or programs start, which is slow on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

/** A registry that answers audits with `answer`; records the packages it was asked about. */
async function startRegistry(answer: { status: number; body: object }) {
  const asked: Record<string, string[]> = {};
  const server = createServer((request, response) => {
    if (request.url !== "/-/npm/v1/security/advisories/bulk") return void response.writeHead(404).end("{}");
    return void bodyOf(request).then((body) => {
      Object.assign(asked, JSON.parse(body));
      response.writeHead(answer.status, { "Content-Type": "application/json" }).end(JSON.stringify(answer.body));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  return (request.headers["content-encoding"] === "gzip" ? gunzipSync(bytes) : bytes).toString();
}

async function audit(registry: string) {
  const child = spawn(process.execPath, [
    join(paths.root, "scripts/audit.mjs"),
    "--registry",
    registry,
    "--fetch-retries=0",
  ]);
  let [out, error] = ["", ""];
  child.stdout.on("data", (data) => (out += String(data)));
  child.stderr.on("data", (data) => (error += String(data)));
  const [code] = await once(child, "close");
  return { code, out, error };
}

test("asks about every package that server, SDK and command line need at run time, and about no other", async () => {
  const { url, asked } = await startRegistry({ status: 200, body: {} });
  expect(await audit(url)).toMatchObject({ code: 0, out: expect.stringMatching(/^0 of \d+ packages/) });
  // Packages of the server, the SDK and the command line.
  expect(Object.keys(asked)).toEqual(expect.arrayContaining(["hono", "protobufjs", "commander"]));
  expect(Object.keys(asked)).not.toContain("vitest");
});

test("names the findings", async () => {
  const advisory = {
    id: 1,
    url: "https://example.test/advisory",
    title: "Anything goes",
    severity: "critical",
    vulnerable_versions: "*",
    cwe: [],
    cvss: { score: 10, vectorString: null },
  };
  const { url } = await startRegistry({ status: 200, body: { hono: [advisory] } });
  const { code, out } = await audit(url);
  expect(code).toBe(1);
  expect(out).toMatch(/^critical: hono .*Anything goes \(https:\/\/example\.test\/advisory\)/m);
});

test("reports an unreachable registry, with its own exit code", async () => {
  const { url } = await startRegistry({ status: 405, body: {} });
  const refused = await audit(url);
  expect(refused).toMatchObject({ code: 3, out: "" });
  expect(refused.error).toMatch(/^The registry does not answer audits: 405 .*\nNothing was checked\./);
  const gone = await audit("http://127.0.0.1:1");
  expect(gone).toMatchObject({ code: 2, out: "" });
  expect(gone.error).toMatch(/ECONNREFUSED[^]*Nothing was checked\./);
});
