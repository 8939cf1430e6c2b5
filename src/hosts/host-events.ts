import type { Events } from "../events/events.ts";
import type { Host } from "./host.ts";
import { hostRow } from "./list-hosts.ts";

const LOAD_MS = 2000;

/** Tells of the hosts what their replies say: nobody asks them. */
export function announceHosts(hosts: readonly Host[], events: Events): void {
  for (const host of hosts) announceHost(host, events);
}

function announceHost(host: Host, events: Events): void {
  const { uuid, type, name } = host;
  const key = `load of ${uuid}`;
  let isThere = host.lastStatus !== null;
  let told = "";
  const load = () => {
    const status = host.knownStatus;
    if (status === null) return undefined;
    const rounded = { ...status, load: Math.round(100 * status.load) / 100 };
    // The load of an idle host falls without a reply.
    if (rounded.load > 0) setTimeout(tellLoad, LOAD_MS).unref();
    const data = hostRow({ host, status: rounded, state: "ready", error: null });
    const text = JSON.stringify(data);
    if (text === told) return undefined;
    told = text;
    return { kind: "host.load", data, owner: null } as const;
  };
  const tellLoad = () => events.publishPaced(key, LOAD_MS, load);
  host.onStatus(() => {
    const wasThere = isThere;
    isThere = host.lastStatus !== null;
    if (wasThere !== isThere) {
      events.publish({ kind: isThere ? "host.joined" : "host.lost", data: { uuid, type, name }, owner: null });
    }
    if (isThere) tellLoad();
  });
}
