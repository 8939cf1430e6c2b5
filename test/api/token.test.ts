import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { base64, createTestApp, databases, testPassphrase, type TestApp } from "../support/test-app.ts";

describe.each(databases)("token on $name", (database) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await createTestApp({ database });
  });
  afterAll(() => app.close());

  test("login answers id, name and a token", async () => {
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
});
