import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { brotliDecompressSync } from "node:zlib";
import { paths } from "../../files/paths.ts";

/** `RTLD_NODELETE`, which Node does not export: it keeps the library loaded when Node undoes the failed load below. */
const RTLD_NODELETE = 0x1000;
const TAR_BLOCK = 512;

let provided: Promise<void> | undefined;

/**
 * Loads SwiftShader, a Vulkan device in software, into this process: adapters opened afterwards are SwiftShader's. The
 * npm package `@sparticuz/chromium` contains it together with a Vulkan loader. Rejects if that package is not
 * installed, and on any platform except Linux on x64.
 */
export function provideSoftwareVulkan(): Promise<void> {
  provided ??= provide();
  return provided;
}

async function provide(): Promise<void> {
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new Error(`there is no software GPU for ${process.platform}-${process.arch}`);
  }
  const folder = await unpackOnce();
  process.env["VK_ICD_FILENAMES"] = join(folder, "vk_swiftshader_icd.json");
  const { RTLD_NOW, RTLD_GLOBAL } = constants.dlopen;
  try {
    process.dlopen({ exports: {} }, join(folder, "libvulkan.so.1"), RTLD_NOW | RTLD_GLOBAL | RTLD_NODELETE);
  } catch (error) {
    // Node finds no add-on in the library, but has already loaded it, so Dawn finds it by its name.
    if (!(error instanceof Error && error.message.includes("did not self-register"))) throw error;
  }
}

/** Returns the folder with the unpacked files. The first process that needs it creates it. */
async function unpackOnce(): Promise<string> {
  const archive = await readFile(findArchive());
  const cache = join(paths.root, ".cache");
  const folder = join(cache, `swiftshader-${createHash("sha256").update(archive).digest("hex").slice(0, 16)}`);
  if (existsSync(folder)) return folder;
  await mkdir(cache, { recursive: true });
  const draft = await mkdtemp(join(cache, "swiftshader-draft-"));
  for (const { name, bytes } of tarFiles(brotliDecompressSync(archive))) {
    if (/^(libvulkan|libvk_swiftshader|vk_swiftshader)[\w.]*$/.test(name)) await writeFile(join(draft, name), bytes);
  }
  // Another process may have won the race; its folder has the same contents.
  await rename(draft, folder).catch(async (error: unknown) => {
    await rm(draft, { recursive: true });
    if (!existsSync(folder)) throw error;
  });
  return folder;
}

/** Possible locations of the package: the server's own packages, or the folder of `scripts/software-gpu.mjs`. */
const PLACES = [import.meta.url, join(paths.root, ".cache/packages/package.json")];

function findPackage(): string {
  for (const place of PLACES) {
    try {
      return createRequire(place).resolve("@sparticuz/chromium");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND") throw error;
    }
  }
  throw new Error("the software GPU is not installed: npm start installs it when HANAMI_SOFTWARE_GPU is true");
}

function findArchive(): string {
  let folder = dirname(findPackage());
  while (!existsSync(join(folder, "bin", "swiftshader.tar.br"))) {
    if (folder === dirname(folder)) throw new Error("@sparticuz/chromium carries no SwiftShader");
    folder = dirname(folder);
  }
  return join(folder, "bin", "swiftshader.tar.br");
}

function* tarFiles(tar: Buffer): Generator<{ name: string; bytes: Buffer }> {
  for (let at = 0; at + TAR_BLOCK <= tar.length;) {
    const text = (from: number, length: number) =>
      tar.toString("latin1", at + from, at + from + length).split("\0")[0]!;
    const name = text(0, 100);
    if (name === "") return;
    const size = Number.parseInt(text(124, 12), 8);
    yield { name, bytes: tar.subarray(at + TAR_BLOCK, at + TAR_BLOCK + size) };
    at += TAR_BLOCK + Math.ceil(size / TAR_BLOCK) * TAR_BLOCK;
  }
}
