import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openUpload } from "../api/dataset-support.ts";
import { kill, startServer } from "../support/server-process.ts";
import { temporaryFolder } from "./support.ts";

test(
  "a completely acknowledged upload survives kill -9, a killed import leaves nothing",
  {
    timeout: 120_000,
  },
  async () => {
    const dataDir = await temporaryFolder();
    // Long enough for the import to be killed in the middle.
    const rows = 400_000;
    const bytes = Buffer.from(`a,b\n${Array.from({ length: rows }, (_, row) => `${row},0.25\n`).join("")}`);
    const first = await startServer(dataDir);
    const announced = { name: "test_dataset", input_data_size: bytes.length };
    const upload = await first.ask<{ uuid: string; uuid_input_file: string }>("POST", "/dataset/upload/csv", announced);
    const { uuid, uuid_input_file } = upload;
    const socket = await openUpload(first.url, first.token, uuid_input_file);
    for (let position = 0; position < bytes.length; position += 131_072) {
      const answer = await socket.put(position, bytes.subarray(position, position + 131_072));
      expect(answer).toEqual({ success: true, errorMessage: "" });
    }
    await kill(first);

    const second = await startServer(dataDir);
    expect(await second.ask("GET", `/dataset/progress?uuid=${uuid}`)).toMatchObject({ complete: true });
    const finalize = second.ask("PUT", "/dataset/upload/csv", { uuid, uuid_input_file }).then(
      () => "answered",
      (error: Error) => error.message,
    );
    const datasets = join(dataDir, "datasets");
    const isImporting = async () => (await readdir(datasets)).some((name) => name.endsWith(".partial"));
    await expect.poll(isImporting, { interval: 5, timeout: 20_000 }).toBe(true);
    await kill(second);
    expect(await finalize).toBe("fetch failed");
    expect(await readdir(datasets)).toEqual([expect.stringMatching(/\.partial$/)]);

    const third = await startServer(dataDir);
    expect(await readdir(datasets)).toEqual([]);
    expect(await third.ask("PUT", "/dataset/upload/csv", { uuid, uuid_input_file })).toEqual({ uuid, warnings: [] });
    await kill(third);

    const fourth = await startServer(dataDir);
    expect(await fourth.ask("GET", `/dataset?uuid=${uuid}`)).toMatchObject({ number_of_rows: rows });
    const content = `/dataset/content?uuid=${uuid}&column_name=a&row_offset=${rows - 1}`;
    expect(await fourth.ask("GET", content)).toEqual({ data: [[rows - 1]] });
    await kill(fourth);
  },
);
