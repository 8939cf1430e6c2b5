import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { paths } from "../../src/files/paths.ts";
import { makeKey } from "../support/api-keys.ts";
import { hasBrowser, openBrowser } from "../support/browser.ts";
import { createTestApp, type TestApp } from "../support/test-app.ts";

/** A page with the SDK, on a server of its own. */
let pages: Server;
let origin: string;
let stranger: string;
let app: TestApp;
let url: string;

beforeAll(async () => {
  const { outputFiles } = await build({
    stdin: { contents: `import * as sdk from "hanami-sdk"; globalThis.sdk = sdk;`, resolveDir: paths.root },
    bundle: true,
    format: "esm",
    write: false,
    // For Node only.
    external: ["ws"],
  });
  const script = outputFiles[0]?.text ?? "";
  pages = createServer((request, response) => {
    const isScript = request.url === "/sdk.js";
    response.setHeader("Content-Type", isScript ? "text/javascript" : "text/html");
    response.end(
      isScript ? script : `<!doctype html><link rel="icon" href="data:,"><script type="module" src="sdk.js"></script>`,
    );
  });
  await new Promise<void>((resolve) => pages.listen(0, "127.0.0.1", resolve));
  const { port } = pages.address() as AddressInfo;
  [origin, stranger] = [`http://localhost:${port}`, `http://127.0.0.1:${port}`];
  app = await createTestApp({ config: { corsOrigins: [origin] } });
  ({ url } = await app.server.listen());
});
afterAll(async () => {
  pages.close();
  await app.close();
});

/** Runs in the page: what it reads of the server with a key. */
async function readServer({ address, key, foreign }: { address: string; key: string; foreign: string }) {
  const { HanamiClient } = (globalThis as unknown as { sdk: typeof import("hanami-sdk") }).sdk;
  const said = (promise: Promise<unknown>) => promise.catch((error: Error) => error.message);
  const client = new HanamiClient({ address, key });
  const hosts = await said(client.hosts.list().then((list) => list.length));
  // Over a websocket.
  const file = new Blob(["x,y\n1,2\n3,4\n"]);
  const upload = client.datasets.uploadCsv({ name: "from a page", file });
  const rows = await said(upload.then(({ number_of_rows }) => number_of_rows));
  const refusal = await said(new HanamiClient({ address, key: foreign }).hosts.list());
  const answer = fetch(`${address}/v1.0alpha/host/all`, { headers: { "X-Auth-Token": key } });
  const id = await said(answer.then(({ headers }) => headers.get("X-Request-Id")));
  return { hosts, rows, refusal, id };
}

test.skipIf(!hasBrowser)(
  "a page of a listed origin works with a key, one of another origin reads nothing",
  async () => {
    const { key } = await makeKey(app, app.token, { role: "member" });
    const input = { address: url, key, foreign: `hanami_${"A".repeat(43)}` };
    const browser = await openBrowser();
    try {
      const outcomeOn = async (address: string) => {
        const page = await browser.newPage();
        await page.goto(address);
        await page.waitForFunction("window.sdk !== undefined");
        return page.evaluate(readServer, input);
      };
      expect(await outcomeOn(origin)).toEqual({
        hosts: 1,
        rows: 2,
        refusal: "Failed to validate API key with error: unknown or revoked",
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      });
      const unread = `Cannot reach ${url}: Failed to fetch`;
      expect(await outcomeOn(stranger)).toEqual({
        hosts: unread,
        rows: unread,
        refusal: unread,
        id: "Failed to fetch",
      });
    } finally {
      await browser.close();
    }
  },
);
