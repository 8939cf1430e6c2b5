import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { expect, onTestFinished, test, vi } from "vitest";
import { hangUpSoon, REST_MS } from "../../src/api/hang-up.ts";

test("a client that does not read the end of its answer loses the connection, another one keeps it", async () => {
  const server = createServer();
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const open = async () => {
    const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
    onTestFinished(() => void client.destroy());
    client.write("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
    const [, response] = (await once(server, "request")) as [unknown, ServerResponse];
    return { client, response };
  };
  const [stalled, reading] = [await open(), await open()];
  stalled.client.pause();
  // More than the buffers of the system hold.
  stalled.response.end(Buffer.alloc(64 * 1024 * 1024));
  reading.client.resume();
  reading.response.end("all");
  await once(reading.response, "finish");
  vi.useFakeTimers({ toFake: ["setTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  for (const { response } of [stalled, reading]) hangUpSoon(response);
  vi.advanceTimersByTime(REST_MS - 1);
  expect([stalled.response.destroyed, reading.client.readyState]).toEqual([false, "open"]);
  vi.advanceTimersByTime(1);
  await once(stalled.response, "close");
  expect([stalled.response.destroyed, reading.client.readyState]).toEqual([true, "open"]);
});
