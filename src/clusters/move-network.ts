import type { Db } from "../db/client.ts";
import { isUnavailable } from "../hosts/host-errors.ts";
import type { Host } from "../hosts/host.ts";
import type { Attachment } from "./attachment.ts";
import type { Events } from "../events/events.ts";
import { clusterEvent } from "./cluster-events.ts";
import { updateClusterRow } from "./cluster-row.ts";
import type { HostCalls } from "./host-calls.ts";

interface MovedNetwork {
  db: Db;
  events: Events;
  attachment: Attachment;
  calls: HostCalls;
}

/**
 * Moves a cluster's network. If the target refuses it or the move cannot be recorded, the network stays where it is. If
 * the current host is unavailable, the last snapshot moves instead.
 */
export async function moveNetwork({ db, events, attachment, calls }: MovedNetwork, target: Host): Promise<void> {
  const row = await attachment.row();
  if (row.host_uuid === target.uuid) return;
  const source = await givenAway(attachment, calls);
  const moved =
    source === null
      ? await attachment.adoptSnapshot(target)
      : await attachment.put(target, row.project_id, {
          read: handedOver(source, calls),
          bytes: source.state.byteLength,
        });
  try {
    const change = updateClusterRow(db, attachment.uuid, { host_uuid: target.uuid });
    await events.publishAfter(change, () => [clusterEvent("moved", { ...row, host_uuid: target.uuid })]);
  } catch (error) {
    if (source === null) attachment.forget();
    if (source?.host !== target) await attachment.detachFrom(target);
    throw error;
  }
  attachment.take(moved);
  attachment.hangs.forget();
  calls.hangs.forget();
  if (source !== null && source.host !== target) await attachment.detachFrom(source.host);
}

/** Returns the bytes once; exports them anew for each further try. */
function handedOver({ state }: { state: Uint8Array }, calls: HostCalls): () => Promise<Uint8Array> {
  let left: Uint8Array | null = state;
  return async () => {
    const taken = left ?? (await calls.exportState());
    left = null;
    return taken;
  };
}

/** The network's bytes from its host; null when that host is unavailable. */
async function givenAway(attachment: Attachment, calls: HostCalls): Promise<{ host: Host; state: Uint8Array } | null> {
  try {
    const { host } = await attachment.ready();
    return { host, state: await calls.exportState() };
  } catch (error) {
    if (isUnavailable(error)) return null;
    throw error;
  }
}
