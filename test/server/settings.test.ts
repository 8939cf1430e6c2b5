import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { ConfigError, parseConfig, settingNames } from "../../src/server/config.ts";
import { paths } from "../../src/files/paths.ts";
import { unknownVariables } from "../../src/server/setting-names.ts";
import { temporaryFolder } from "../datasets/support.ts";
import { companions, spellingsOf } from "./spellings.ts";

// Several programs start, which is slow on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

/** Every value in a configuration, at any depth. */
function* valuesIn(config: unknown): Generator<unknown> {
  yield config;
  if (typeof config === "object" && config !== null) for (const value of Object.values(config)) yield* valuesIn(value);
}

test.each(settingNames)("%s: each valid spelling has its meaning, each invalid one is reported", (name) => {
  const { good, bad } = spellingsOf(name);
  for (const [text, value] of good) {
    expect([...valuesIn(parseConfig({ ...companions[name], [name]: text }))], text).toContainEqual(value);
  }
  expect(bad.length).toBeGreaterThanOrEqual(12);
  for (const text of bad) {
    let problems: string[] = [];
    try {
      parseConfig({ [name]: text });
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      ({ problems } = error);
    }
    expect(problems, JSON.stringify(text)).toEqual([expect.stringMatching(`^${name}: `)]);
  }
  expect(parseConfig({ [name]: "" })).toEqual(parseConfig({}));
});

/** Starts the server, which ends because of its settings. */
async function start(env: Record<string, string>, args: string[] = []) {
  const child = spawn(process.execPath, [join(paths.root, "dist/src/main.js"), ...args], { env });
  let errors = "";
  child.stderr.on("data", (chunk) => (errors += String(chunk)));
  const [code] = await once(child, "close");
  return { code, errors };
}

/** The names at the beginning of the problems, in the order of the settings. */
const named = (errors: string) => {
  const found = [...errors.matchAll(/^ {2}(?:\S+:\d+: )?(\w+): /gm)].map(([, name]) => name as string);
  return found.toSorted((a, b) => settingNames.indexOf(a) - settingNames.indexOf(b));
};

test("a server with bad values does not start and reports all of them, in the environment and in a file", async () => {
  const folder = await temporaryFolder();
  // All of them are tested above, and a start is slow.
  for (const index of [0, 7]) {
    const bad = settingNames.map((name) => [name, spellingsOf(name).bad[index] as string] as const);
    const inEnvironment = bad.filter(([, text]) => !text.includes("\0"));
    const { code, errors } = await start(Object.fromEntries(inEnvironment));
    expect([code, named(errors)]).toEqual([1, inEnvironment.map(([name]) => name)]);

    const inFile = bad.filter(([, text]) => !/[\n"']/.test(text));
    const file = join(folder, `${index}.conf`);
    await writeFile(file, inFile.map(([name, text]) => `${name}="${text}"\n`).join(""));
    const second = await start({}, ["--config", file]);
    expect([second.code, named(second.errors)]).toEqual([1, inFile.map(([name]) => name)]);
    expect(second.errors).toContain(`${file}:1: ${inFile[0]?.[0]}: `);
  }
});

test("secrets are not repeated", () => {
  for (const name of [
    "DATABASE_URL",
    "HANAMI_ADMIN_PASSPHRASE",
    "HANAMI_TOKEN_KEY",
    "HANAMI_METRICS_TOKEN",
    "HANAMI_WEBHOOK_SECRET",
  ]) {
    expect(() => parseConfig({ [name]: "s3cret\n" })).toThrow(ConfigError);
    expect(() => parseConfig({ [name]: "s3cret\n" })).not.toThrow("s3cret");
  }
});

test("a relative path means the same wherever the server is started", () => {
  const { dataDir, tokenKeyFile } = parseConfig({});
  expect([dataDir, tokenKeyFile]).toEqual([join(paths.root, "hanami-data"), join(paths.root, "hanami-data/token.key")]);
  expect(parseConfig({ HANAMI_DATA_DIR: "sub/data" }).dataDir).toBe(join(paths.root, "sub/data"));
  expect(parseConfig({ HANAMI_TOKEN_OLD_KEY_FILES: "a,b" }).tokenOldKeyFiles).toEqual([
    join(paths.root, "a"),
    join(paths.root, "b"),
  ]);
});

test("unknown variables are reported, with the setting that may be meant", () => {
  const env = {
    HANAMI_PROT: "1",
    hanami_host: "x",
    HANAMI_TLS_CERTFILE: "x",
    HANAMI_COLOUR: "x",
    PORT: "1",
    HOME: "/",
  };
  expect(unknownVariables({ ...env, HANAMI_USER: "x", HANAMI_PORT: "1" }, settingNames)).toEqual([
    "there is no setting HANAMI_PROT; is HANAMI_PORT meant?",
    "there is no setting hanami_host; is HANAMI_HOST meant?",
    "there is no setting HANAMI_TLS_CERTFILE; is HANAMI_TLS_CERT_FILE meant?",
    "there is no setting HANAMI_COLOUR",
  ]);
});
