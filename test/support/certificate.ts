import { generateKeyPairSync, randomBytes, sign } from "node:crypto";

/** One DER element. */
function element(tag: number, ...content: Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  const length =
    body.length < 128
      ? [body.length]
      : body.length < 256
        ? [0x81, body.length]
        : [0x82, body.length >> 8, body.length & 255];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}

const sequence = (...content: Uint8Array[]) => element(0x30, ...content);
const oid = (hex: string) => element(0x06, Buffer.from(hex, "hex"));
const ecdsaWithSha256 = sequence(oid("2a8648ce3d040302"));
const commonName = (name: string) => sequence(element(0x31, sequence(oid("550403"), element(0x0c, Buffer.from(name)))));
const utcTime = (date: Date) =>
  element(0x17, Buffer.from(`${date.toISOString().replaceAll(/[-:T]/g, "").slice(2, 14)}Z`));
const extension = (id: string, content: Buffer) => sequence(oid(id), element(0x04, content));

const dayMs = 24 * 3_600_000;

/** A self-signed certificate for 127.0.0.1 and localhost, in PEM; clients may take it as a root, too. */
export function makeCertificate({ days = 30, name = "localhost" } = {}): { cert: string; key: string } {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const nowMs = Date.now();
  const names = sequence(element(0x82, Buffer.from("localhost")), element(0x87, Buffer.from([127, 0, 0, 1])));
  const content = sequence(
    element(0xa0, element(0x02, Buffer.from([2]))),
    element(0x02, Buffer.from([0x01]), randomBytes(8)),
    ecdsaWithSha256,
    commonName(name),
    sequence(utcTime(new Date(nowMs - dayMs)), utcTime(new Date(nowMs + days * dayMs))),
    commonName(name),
    publicKey.export({ type: "spki", format: "der" }),
    element(
      0xa3,
      sequence(extension("551d11", names), extension("551d13", sequence(element(0x01, Buffer.from([0xff]))))),
    ),
  );
  const signature = element(0x03, Buffer.from([0]), sign("sha256", content, privateKey));
  const base64 = sequence(content, ecdsaWithSha256, signature).toString("base64");
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${base64.match(/.{1,64}/g)?.join("\n")}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: "pkcs8", format: "pem" }) as string,
  };
}
