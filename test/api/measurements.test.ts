import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestApp, type TestApp } from "../support/test-app.ts";

describe("measurements", () => {
  let app: TestApp;
  let token: string;
  beforeAll(async () => {
    app = await createTestApp();
    token = await app.addUser({ id: "member1", projectId: "some_project" });
  });
  afterAll(() => app.close());

  test.each([
    ["/power_consumption", "power"],
    ["/temperature_production", "temperature"],
    ["/speed", "current_speed"],
  ])("%s", async (path, key) => {
    const body = (await app.request("GET", path, { token })).json();
    expect(Object.keys(body)).toEqual(["available", key]);
    const rings = body[key] as Record<string, number[]>;
    const lengths = Object.entries(rings).map(([name, values]) => [name, values.length]);
    expect(lengths).toEqual([
      ["days", 365],
      ["hours", 24],
      ["minutes", 60],
      ["seconds", 60],
    ]);
    const isAllZero = Object.values(rings)
      .flat()
      .every((value) => value === 0);
    expect(body["available"] === true || isAllZero).toBe(true);
  });

  test("/system_info and /threading", async () => {
    const { info } = (await app.request("GET", "/system_info", { token })).json<{ info: Record<string, unknown> }>();
    expect(Object.keys(info)).toEqual(["has_hyperthreading", "hostname", "packages"]);
    const { thread_map } = (await app.request("GET", "/threading", { token })).json<{ thread_map: object }>();
    for (const cores of Object.values(thread_map)) expect(cores).toContainEqual(expect.any(Number));
  });
});
