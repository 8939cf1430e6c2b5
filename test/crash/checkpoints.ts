/** Actions of the crash test's clients on existing checkpoints. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { RunningServer } from "../support/server-process.ts";
import { type Ledger, send, sha256Of } from "./ledger.ts";
import { takeListing } from "./listing.ts";
import type { CheckpointModel } from "./model.ts";

export const checkpointsMax = 3;

/** Downloads a checkpoint and uploads it under another name, or deletes one. */
export async function handleCheckpoint(ledger: Ledger, server: RunningServer): Promise<void> {
  const { checkpoints, checkpointUpload: open } = ledger;
  if (open !== null) {
    if (!open.isComplete) return send(server, open);
    return finishUpload(ledger, server);
  }
  if (checkpoints.size === 0) return;
  if (checkpoints.size >= checkpointsMax) return deleteCheckpoint(ledger, server);
  return announceCopy(ledger, server);
}

async function download({ url, token }: RunningServer, uuid: string): Promise<Buffer> {
  const path = `/v1.0alpha/checkpoint/download?uuid=${uuid}`;
  const response = await fetch(url + path, { headers: { "X-Auth-Token": token } });
  if (response.status !== 200) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`);
  return Buffer.from(await response.arrayBuffer());
}

async function announceCopy(ledger: Ledger, server: RunningServer): Promise<void> {
  const { random, checkpoints } = ledger;
  const original = random.pick([...checkpoints.values()]);
  let bytes: Buffer = Buffer.alloc(0);
  await ledger.attempt("checkpoint downloaded", {
    ask: () => download(server, original.uuid),
    note: (file) => (bytes = file),
    settle: async () => {},
  });
  const sha256 = sha256Of(bytes);
  original.sha256 ??= sha256;
  assert.equal(sha256, original.sha256);
  const body = { name: ledger.newName(), input_data_size: bytes.length };
  const { lineage } = original;
  await ledger.attempt("checkpoint announced", {
    ask: () => server.ask<{ uuid: string; uuid_input_file: string }>("POST", "/checkpoint/upload", body),
    note: ({ uuid, uuid_input_file: tempfile }) => {
      ledger.checkpointUpload = { uuid, tempfile, bytes, isComplete: false, lineage, sha256 };
    },
    // The uuid of its file was never received, and no list shows it.
    settle: async () => {},
  });
}

async function finishUpload(ledger: Ledger, server: RunningServer): Promise<void> {
  const { uuid, tempfile, lineage, sha256 } = ledger.checkpointUpload as NonNullable<Ledger["checkpointUpload"]>;
  const note = () => {
    ledger.checkpoints.set(uuid, { uuid, lineage, sha256 });
    ledger.checkpointUpload = null;
  };
  await ledger.attempt("checkpoint uploaded", {
    ask: () => server.ask("PUT", "/checkpoint/upload", { uuid, uuid_input_file: tempfile }),
    note,
    settle: async (next) => {
      if ((await takeListing(next)).checkpoints.has(uuid)) note();
    },
  });
}

export async function deleteCheckpoint(ledger: Ledger, server: RunningServer): Promise<void> {
  const uuid = ledger.random.pick([...ledger.checkpoints.keys()]);
  await ledger.attempt("checkpoint deleted", {
    ask: () => server.ask("DELETE", `/checkpoint?uuid=${uuid}`),
    note: () => ledger.checkpoints.delete(uuid),
    settle: async (next) => {
      if (!(await takeListing(next)).checkpoints.has(uuid)) ledger.checkpoints.delete(uuid);
    },
  });
}

export async function checkCheckpoint(ledger: Ledger, checkpoint: CheckpointModel): Promise<void> {
  const sha256 = sha256Of(await readFile(join(ledger.dataDir, "checkpoints", `${checkpoint.uuid}.safetensors`)));
  checkpoint.sha256 ??= sha256;
  assert.equal(sha256, checkpoint.sha256);
}
