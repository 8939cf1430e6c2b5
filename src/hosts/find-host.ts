import type { Context } from "../app-context.ts";
import { notFound } from "../errors.ts";
import type { Host } from "./host.ts";

/** Throws 404 when there is no such host. */
export function findHost({ app }: Context, uuid: string): Host {
  const host = app.hosts.get(uuid);
  if (host === undefined) throw notFound(`Host with uuid '${uuid}' not found`);
  return host;
}
