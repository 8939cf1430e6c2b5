import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readWholeFile } from "../../src/files/read-whole-file.ts";
import { temporaryFolder } from "../datasets/support.ts";

test("a file is read in pieces of bounded size, into a transferable buffer", async () => {
  const path = join(await temporaryFolder(), "file");
  for (const bytes of [randomBytes(0), randomBytes(7), randomBytes(3000), randomBytes(3001)]) {
    await writeFile(path, bytes);
    const read = await readWholeFile(path, 1000);
    expect(Buffer.from(read).equals(bytes)).toBe(true);
    expect(read.buffer.byteLength).toBe(bytes.length);
  }
  await expect(readWholeFile(`${path}.not`)).rejects.toMatchObject({ code: "ENOENT" });
});
