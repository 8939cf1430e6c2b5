import { expect, onTestFinished, test } from "vitest";
import { adminId, base64, createTestApp, testPassphrase } from "../support/test-app.ts";

test("many logins of one address do not delay those of another one", { timeout: 60_000 }, async () => {
  const app = await createTestApp({ config: { trustedProxies: ["127.0.0.1"] } });
  onTestFinished(() => app.close());
  await app.addUser({ id: "alice", projectId: "other" });
  const { url } = await app.server.listen();
  let done = 0;
  const login = async (id: string, address: string) => {
    const body = JSON.stringify({ id, passphrase: base64(testPassphrase) });
    const headers = { "X-Forwarded-For": address };
    const { status } = await fetch(`${url}/v1.0alpha/token`, { method: "POST", body, headers });
    done += 1;
    return status;
  };
  const flood = Array.from({ length: 50 }, () => login(adminId, "192.0.2.1"));
  await flood[0];
  const before = done;
  expect(await login("alice", "192.0.2.2")).toBe(200);
  // Those under way at the time of the request, and one for each wait for another part of the server.
  expect(done - before).toBeLessThan(20);
  expect(await Promise.all(flood)).toEqual(flood.map(() => 200));
});
