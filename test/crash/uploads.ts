/** Actions of the crash test's clients on datasets. */
import assert from "node:assert/strict";
import type { RunningServer } from "../support/server-process.ts";
import { type Ledger, send } from "./ledger.ts";
import { takeListing } from "./listing.ts";
import type { UploadModel } from "./model.ts";

const uploadsMax = 3;

/** Begins an upload, continues or finishes one, or deletes one. */
export async function upload(ledger: Ledger, server: RunningServer): Promise<void> {
  const uploads = [...ledger.uploads.values()];
  const open = uploads.find((each) => !each.isReady);
  if (open === undefined) {
    if (uploads.length < uploadsMax) return announce(ledger, server);
    return deleteDataset(ledger, server, ledger.random.pick(uploads));
  }
  if (!open.isComplete) return send(server, open);
  const { uuid, tempfile } = open;
  const note = () => {
    open.isReady = true;
  };
  await ledger.attempt("upload finished", {
    ask: () => server.ask("PUT", "/dataset/upload/csv", { uuid, uuid_input_file: tempfile }),
    note,
    settle: async (next) => {
      const { number_of_rows: rows } = await next.ask<{ number_of_rows: number }>("GET", `/dataset?uuid=${uuid}`);
      // Either all rows, or an upload that can be finished again.
      if (rows !== 0) note();
    },
  });
}

async function announce(ledger: Ledger, server: RunningServer): Promise<void> {
  const name = ledger.newName();
  const rows = ledger.random.int(1, 4000);
  const bytes = Buffer.from(`a,b\n${Array.from({ length: rows }, (_, row) => `${row},${rows}\n`).join("")}`);
  const body = { name, input_data_size: bytes.length };
  await ledger.attempt("upload announced", {
    ask: () => server.ask<{ uuid: string; uuid_input_file: string }>("POST", "/dataset/upload/csv", body),
    note: ({ uuid, uuid_input_file: tempfile }) =>
      ledger.uploads.set(uuid, { uuid, name, tempfile, bytes, rows, isComplete: false, isReady: false }),
    settle: async (next) => {
      // The uuid of its file was never received, so the upload cannot continue.
      for (const [uuid, row] of (await takeListing(next)).datasets) {
        if (row["name"] === name) await next.ask("DELETE", `/dataset?uuid=${uuid}`);
      }
    },
  });
}

async function deleteDataset(ledger: Ledger, server: RunningServer, { uuid }: UploadModel): Promise<void> {
  await ledger.attempt("dataset deleted", {
    ask: () => server.ask("DELETE", `/dataset?uuid=${uuid}`),
    note: () => ledger.uploads.delete(uuid),
    settle: async (next) => {
      if (!(await takeListing(next)).datasets.has(uuid)) ledger.uploads.delete(uuid);
    },
  });
}

export async function checkUpload(server: RunningServer, { uuid, rows, bytes, ...model }: UploadModel): Promise<void> {
  if (!model.isReady) {
    const progress = await server.ask<{ complete: boolean }>("GET", `/dataset/progress?uuid=${uuid}`);
    const whole = { uuid, complete: true, bytes_received: bytes.length, bytes_total: bytes.length };
    if (model.isComplete) assert.deepEqual(progress, whole);
    return;
  }
  const dataset = await server.ask<{ number_of_rows: number }>("GET", `/dataset?uuid=${uuid}`);
  assert.equal(dataset.number_of_rows, rows);
  const content = `/dataset/content?uuid=${uuid}&column_name=a&row_offset=0&number_of_rows=${rows}`;
  assert.deepEqual(await server.ask("GET", content), { data: Array.from({ length: rows }, (_, row) => [row]) });
}
