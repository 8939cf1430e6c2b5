import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { base64, createTestApp, databases, testPassphrase, type TestApp } from "../support/test-app.ts";

describe.each(databases)("token on $name", (database) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await createTestApp({ database });
  });
  afterAll(() => app.close());

  test("a login returns id, name and a token", async () => {
    const body = { id: "asdf", passphrase: base64(testPassphrase) };
    const response = await app.request("POST", "/token", { token: null, body });
    expect(response.headers.get("content-type")).toBe("text/json");
    expect(response.headers.get("server")).toBe("Hanami");
    expect(response.json()).toEqual({ id: "asdf", is_admin: true, name: "asdf", token: expect.any(String) });
    expect(Object.keys(response.json())).toEqual(["id", "is_admin", "name", "token"]);
  });

  test("an unknown user and a wrong passphrase answer the same", async () => {
    const wrong = { id: "asdf", passphrase: base64("something else") };
    const unknown = { id: "nobody", passphrase: base64(testPassphrase) };
    for (const body of [wrong, unknown]) {
      const response = await app.request("POST", "/token", { token: null, body });
      expect([response.status, response.text]).toEqual([401, "ACCESS DENIED!\nUser or passphrase is incorrect."]);
    }
  });

  test("an unknown user and a wrong passphrase take about the same time", async () => {
    const ask = async (id: string) => {
      const startMs = performance.now();
      await app.request("POST", "/token", { token: null, body: { id, passphrase: base64("something else") } });
      return performance.now() - startMs;
    };
    await ask("nobody");
    const known: number[] = [];
    const unknown: number[] = [];
    for (let round = 0; round < 7; round++) {
      known.push(await ask("asdf"));
      unknown.push(await ask("nobody"));
    }
    // Without the hashing, an unknown user would be answered more than ten times as fast.
    expect(Math.min(...unknown)).toBeGreaterThan(Math.min(...known) / 3);
  });
});
