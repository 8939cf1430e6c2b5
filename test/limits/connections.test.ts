import { once } from "node:events";
import { connect } from "node:net";
import { expect, onTestFinished, test, vi } from "vitest";
import { parseConfig } from "../../src/server/config.ts";
import { addressKey } from "../../src/limits/address-key.ts";
import { clientAddress } from "../../src/limits/client-address.ts";
import { createTestApp } from "../support/test-app.ts";

// Several servers or programs start, which is slow on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

test("connections of all clients together: one too many is closed at once, and fits when another one leaves", async () => {
  const { limits } = parseConfig({ HANAMI_MAX_CONNECTIONS: "3" });
  const app = await createTestApp({ config: { limits } });
  onTestFinished(() => app.close());
  const port = Number(new URL((await app.server.listen()).url).port);
  const open = async () => {
    const socket = connect(port, "127.0.0.1");
    onTestFinished(() => void socket.destroy());
    socket.on("error", () => {});
    await once(socket, "connect");
    return socket;
  };
  const ask = async () => {
    const socket = await open();
    let text = "";
    socket.on("data", (data) => (text += String(data)));
    const closed = once(socket, "close");
    socket.write("GET /health HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
    await closed;
    return text.split("\r\n")[0];
  };
  const held = [await open(), await open()];
  expect(await ask()).toBe("HTTP/1.1 200 OK");
  held.push(await open());
  expect(await ask()).toBe("");
  const gone = once(held[0] as (typeof held)[0], "close");
  held[0]?.end();
  await gone;
  await expect.poll(ask).toBe("HTTP/1.1 200 OK");
});

test("a client's address is what a trusted proxy names; claims of others do not count", () => {
  const trusted = ["127.0.0.1", "10.0.0.1", "2001:db8::1"];
  const address = (peer: string, forwarded?: string) => clientAddress(peer, forwarded, trusted);
  expect(address("192.0.2.7")).toBe("192.0.2.7");
  expect(address("192.0.2.7", "198.51.100.1")).toBe("192.0.2.7");
  expect(address("127.0.0.1", "198.51.100.1")).toBe("198.51.100.1");
  expect(address("::ffff:127.0.0.1", "198.51.100.1, ::ffff:10.0.0.1")).toBe("198.51.100.1");
  // A client's own claim precedes what the proxy adds.
  expect(address("127.0.0.1", "203.0.113.9, 198.51.100.1")).toBe("198.51.100.1");
  expect(address("2001:db8::1", "2001:db8:7::9")).toBe("2001:db8:7::9");
  for (const nothing of [undefined, "", "unknown", "198.51.100.1, _hidden", "198.51.100.1:80"]) {
    expect(address("127.0.0.1", nothing)).toBe("127.0.0.1");
  }
  expect(clientAddress("127.0.0.1", "198.51.100.1", [])).toBe("127.0.0.1");
  expect(() => parseConfig({ HANAMI_TRUSTED_PROXIES: "127.0.0.1, proxy" })).toThrow("HANAMI_TRUSTED_PROXIES");
});

test("behind a proxy each client has its own limit of failed logins, and metrics stay inside", async () => {
  const { limits } = parseConfig({ HANAMI_LOGIN_FAILURES_PER_MINUTE: "1" });
  const app = await createTestApp({ config: { limits, trustedProxies: ["127.0.0.1"] } });
  onTestFinished(() => app.close());
  const { url } = await app.server.listen();
  const ask = async (client: string, path: string, body?: string) => {
    const headers = { "X-Forwarded-For": client };
    return (await fetch(url + path, body === undefined ? { headers } : { headers, method: "POST", body })).status;
  };
  const login = (client: string) => ask(client, "/v1.0alpha/token", '{"id":"nobody","passphrase":"d3Jvbmc="}');
  expect([await login("192.0.2.1"), await login("192.0.2.1")]).toEqual([401, 409]);
  expect([await login("192.0.2.1, 192.0.2.2"), await login("192.0.2.3, 192.0.2.2")]).toEqual([401, 409]);
  expect([await ask("192.0.2.1", "/metrics"), await ask("127.0.0.1", "/metrics")]).toEqual([401, 200]);
});

test("the addresses of one client count as one", () => {
  expect(addressKey("192.0.2.7")).toBe("192.0.2.7");
  expect(addressKey("::ffff:192.0.2.7")).toBe("192.0.2.7");
  expect(addressKey("2001:db8:1:2:3:4:5:6")).toBe("2001:db8:1:2::/64");
  expect(addressKey("2001:db8:1:2::9")).toBe("2001:db8:1:2::/64");
  expect(addressKey("2001:db8::9")).toBe("2001:db8:0:0::/64");
  expect(addressKey("2001:db8:1:3::9")).not.toBe(addressKey("2001:db8:1:2::9"));
  expect(addressKey("::1")).toBe("0:0:0:0::/64");
  expect(addressKey("fe80::1%eth0")).toBe("fe80:0:0:0::/64");
});
