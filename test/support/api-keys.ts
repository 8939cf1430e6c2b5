import type { RequestOptions, TestApp } from "./test-app.ts";

export interface MadeKey {
  uuid: string;
  name: string;
  key: string;
  project_id: string;
  owner_id: string;
  role: string;
  created_at: string;
  expires_at: string;
}

let counter = 0;

/** Makes a key with a name of its own; `more` replaces inputs. */
export async function makeKey(app: TestApp, token: string, more: Record<string, unknown> = {}): Promise<MadeKey> {
  const body = { name: `key ${++counter} of the tests`, expires_in: 3600, ...more };
  return (await app.request("POST", "/token/key", { token, body })).json<MadeKey>();
}

/** Status and text of a request. */
export async function outcome(app: TestApp, method: string, path: string, options: RequestOptions) {
  const { status, text } = await app.request(method, path, options);
  return [status, text];
}
