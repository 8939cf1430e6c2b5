import { once } from "node:events";
import { connect } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { parseConfig } from "../../src/config.ts";
import { addressKey } from "../../src/limits/address-key.ts";
import { createTestApp } from "../support/test-app.ts";

test("connections of all clients together: one too many is closed at once, and has room when another one leaves", async () => {
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

test("addresses that one client has are counted as one", () => {
  expect(addressKey("192.0.2.7")).toBe("192.0.2.7");
  expect(addressKey("::ffff:192.0.2.7")).toBe("192.0.2.7");
  expect(addressKey("2001:db8:1:2:3:4:5:6")).toBe("2001:db8:1:2::/64");
  expect(addressKey("2001:db8:1:2::9")).toBe("2001:db8:1:2::/64");
  expect(addressKey("2001:db8::9")).toBe("2001:db8:0:0::/64");
  expect(addressKey("2001:db8:1:3::9")).not.toBe(addressKey("2001:db8:1:2::9"));
  expect(addressKey("::1")).toBe("0:0:0:0::/64");
  expect(addressKey("fe80::1%eth0")).toBe("fe80:0:0:0::/64");
});
