import { once } from "node:events";
import { onTestFinished } from "vitest";
import { WebSocket } from "ws";
import {
  decodeFileUploadResponse,
  encodeFileUpload,
  type FileUploadResponse,
} from "../../src/api/websocket/protobuf.ts";
import type { TestApp } from "../support/test-app.ts";

/** A websocket with strictly alternating questions and answers, as the SDKs use it. */
export interface TestSocket {
  ask(message: string | Uint8Array): Promise<Buffer>;
  /** One piece of a file. */
  put(position: number, data: Uint8Array): Promise<FileUploadResponse | undefined>;
  close(): Promise<void>;
  /** Resolves to the code once the server has closed the socket. */
  closed(): Promise<number>;
  /** Ends the connection without a close frame. */
  terminate(): Promise<void>;
}

/** Connects and sends the first message; rejects with the server's text when it refuses. */
export async function openUpload(url: string, token: string, uuid: string): Promise<TestSocket> {
  const socket = new WebSocket(url.replace("http", "ws"));
  await once(socket, "open");
  onTestFinished(() => socket.terminate());
  const ask = async (message: string | Uint8Array) => {
    const answer = once(socket, "message");
    socket.send(message);
    return (await answer)[0] as Buffer;
  };
  const reply = await ask(JSON.stringify({ token, target: "file_upload", uuid }));
  const { success, error } = JSON.parse(reply.toString()) as { success: boolean; error?: string };
  if (!success) {
    socket.terminate();
    throw new Error(error);
  }
  const gone = new Promise<number>((resolve) => socket.once("close", resolve));
  const end = async (how: () => void) => {
    const closed = once(socket, "close");
    how();
    await closed;
  };
  return {
    ask,
    put: async (position, data) => decodeFileUploadResponse(await ask(encodeFileUpload({ position, data }))),
    close: () => end(() => socket.close()),
    closed: () => gone,
    terminate: () => end(() => socket.terminate()),
  };
}

/** Sends a whole file in pieces of the size that clients use. */
export async function sendFile(url: string, token: string, uuid: string, data: Uint8Array, pieceBytes = 131_072) {
  const socket = await openUpload(url, token, uuid);
  for (let position = 0; position < data.length; position += pieceBytes) {
    const answer = await socket.put(position, data.subarray(position, position + pieceBytes));
    if (answer?.success !== true) throw new Error(answer?.errorMessage);
  }
  await socket.close();
}

export interface Upload {
  uuid: string;
  uuid_input_file: string;
  uuid_label_file: string;
}

export async function announceMnist(app: TestApp, sizes: { input: number; label: number }, token = app.token) {
  const body = { name: "test_dataset", input_data_size: sizes.input, label_data_size: sizes.label };
  return (await app.request("POST", "/dataset/upload/mnist", { token, body })).json<Upload>();
}

export async function announceCsv(app: TestApp, bytes: number, token = app.token) {
  const body = { name: "test_dataset", input_data_size: bytes };
  return (await app.request("POST", "/dataset/upload/csv", { token, body })).json<Upload>();
}

/** Goes all the way from bytes to a dataset; resolves to its uuid. */
export async function uploadMnist(
  app: TestApp,
  url: string,
  pair: { input: Uint8Array; label: Uint8Array },
  token = app.token,
): Promise<string> {
  const upload = await announceMnist(app, { input: pair.input.length, label: pair.label.length }, token);
  await sendFile(url, token, upload.uuid_input_file, pair.input);
  await sendFile(url, token, upload.uuid_label_file, pair.label);
  const { uuid, uuid_input_file, uuid_label_file } = upload;
  const body = { uuid, uuid_input_file, uuid_label_file };
  return (await app.request("PUT", "/dataset/upload/mnist", { token, body })).json<Upload>().uuid;
}

export async function uploadCsv(app: TestApp, url: string, text: string, token = app.token): Promise<string> {
  const bytes = Buffer.from(text);
  const { uuid, uuid_input_file } = await announceCsv(app, bytes.length, token);
  await sendFile(url, token, uuid_input_file, bytes);
  const body = { uuid, uuid_input_file };
  return (await app.request("PUT", "/dataset/upload/csv", { token, body })).json<Upload>().uuid;
}
