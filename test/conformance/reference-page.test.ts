import { afterAll, beforeAll, expect, test } from "vitest";
import { routes } from "../../src/api/routes.ts";
import { hasBrowser, openBrowser } from "../support/browser.ts";
import { createTestApp, type TestApp } from "../support/test-app.ts";

let app: TestApp;
let url: string;
beforeAll(async () => {
  app = await createTestApp();
  ({ url } = await app.server.listen());
});
afterAll(() => app.close());

test.skipIf(!hasBrowser)(
  "a browser shows every endpoint, sends requests only to this server, and reports no error",
  async () => {
    const browser = await openBrowser();
    try {
      const page = await browser.newPage({ locale: "en-US" });
      const foreign: string[] = [];
      const complaints: string[] = [];
      page.on("request", (request) => {
        if (!request.url().startsWith(url) && !request.url().startsWith("data:")) foreign.push(request.url());
      });
      page.on("console", (message) => {
        if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
      });
      page.on("pageerror", (error) => complaints.push(String(error)));
      await page.goto(`${url}/v1.0alpha/documentation`);
      await page.waitForSelector(".opblock-summary");
      expect(await page.locator(".opblock-summary").count()).toBe(routes.length);
      expect({ foreign, complaints }).toEqual({ foreign: [], complaints: [] });
    } finally {
      await browser.close();
    }
  },
  60_000,
);
