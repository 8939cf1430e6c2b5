import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { HanamiClient } from "hanami-sdk";
import { startServer } from "../../scripts/demo/server.ts";
import { startBenchServer, type BenchServer } from "./server.ts";

/** A built checkout: its server and its SDK. */
export interface Build {
  name: string;
  start(): Promise<BenchServer>;
}

export const thisBuild: Build = { name: "this", start: () => startBenchServer({ startServer, HanamiClient }) };

/** The address of a file in another checkout. */
export const urlIn = (checkout: string, path: string) => pathToFileURL(resolve(checkout, path)).href;

/** The build in another checkout. */
export async function buildAt(checkout: string): Promise<Build> {
  const load = <T>(path: string) => import(urlIn(checkout, path)) as Promise<T>;
  const { startServer } = await load<typeof import("../../scripts/demo/server.ts")>("dist/scripts/demo/server.js");
  const { HanamiClient } = await load<typeof import("hanami-sdk")>("sdk/dist/index.js");
  return { name: "other", start: () => startBenchServer({ startServer, HanamiClient }) };
}

/** Reads one of the server's metrics: the sum of its samples with these labels. */
export async function readMetric(address: string, name: string, labels = ""): Promise<number> {
  const lines = (await (await fetch(`${address}/metrics`)).text()).split("\n");
  const samples = lines.filter((line) => new RegExp(`^${name}[ {]`).test(line) && line.includes(labels));
  return samples.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
}
