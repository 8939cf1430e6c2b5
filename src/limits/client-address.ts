import { isIP } from "node:net";

/** An IPv4 address that came over an IPv6 socket is the same address. */
const plain = (address: string) => address.replace(/^::ffff:(?=\d+\.)/i, "");

/**
 * Who is at the other end: the peer of the connection, and behind proxies that are trusted whoever they name in
 * `X-Forwarded-For`, the last one first. Anybody can send that header, so nobody else's is believed.
 */
export function clientAddress(peer: string, forwardedFor: string | undefined, trusted: readonly string[]): string {
  let address = plain(peer);
  const named = (forwardedFor ?? "").split(",").map((text) => plain(text.trim()));
  while (trusted.includes(address)) {
    const before = named.pop();
    if (before === undefined || isIP(before) === 0) break;
    address = before;
  }
  return address;
}
