import { isIP } from "node:net";

/** Turns an IPv4-mapped IPv6 address into the IPv4 address. */
const plain = (address: string) => address.replace(/^::ffff:(?=\d+\.)/i, "");

/**
 * The address of the client: the connection's peer, or, behind trusted proxies, the address that they report in
 * `X-Forwarded-For`, read from its end. Any client can send that header, so it is ignored from untrusted peers.
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
