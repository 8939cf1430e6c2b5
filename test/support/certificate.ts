import { createPrivateKey, generateKeyPairSync, randomBytes, sign } from "node:crypto";

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
/** Algorithms of a key: the identifier of the signature, and the hash that Node needs. */
const signatures = {
  ec: { algorithm: sequence(oid("2a8648ce3d040302")), hash: "sha256" },
  rsa: { algorithm: sequence(oid("2a864886f70d01010b"), element(0x05)), hash: "sha256" },
  ed25519: { algorithm: sequence(oid("2b6570")), hash: null },
} as const;
type KeyType = keyof typeof signatures;

const makeKeys = {
  ec: () => generateKeyPairSync("ec", { namedCurve: "P-256" }),
  rsa: () => generateKeyPairSync("rsa", { modulusLength: 2048 }),
  ed25519: () => generateKeyPairSync("ed25519"),
};

const commonName = (name: string) => sequence(element(0x31, sequence(oid("550403"), element(0x0c, Buffer.from(name)))));
const utcTime = (date: Date) =>
  element(0x17, Buffer.from(`${date.toISOString().replaceAll(/[-:T]/g, "").slice(2, 14)}Z`));
const extension = (id: string, content: Buffer) => sequence(oid(id), element(0x04, content));

const dayMs = 24 * 3_600_000;

export interface Certificate {
  cert: string;
  key: string;
  name: string;
}

interface Wanted {
  name?: string;
  /** Days until it expires, and since it became valid; both may be negative. */
  days?: number;
  since?: number;
  keyType?: KeyType;
  /** Signs the certificate; self-signed by default. */
  issuer?: Certificate;
}

/** A certificate for 127.0.0.1 and localhost, in PEM. Clients may trust it as a root, and it may sign others. */
export function makeCertificate(wanted: Wanted = {}): Certificate {
  const { days = 30, since = 1, name = "localhost", keyType = "ec", issuer } = wanted;
  const { publicKey, privateKey } = makeKeys[keyType]();
  const signer = issuer === undefined ? privateKey : createPrivateKey(issuer.key);
  const { algorithm, hash } = signatures[signer.asymmetricKeyType as KeyType];
  const nowMs = Date.now();
  const names = sequence(element(0x82, Buffer.from("localhost")), element(0x87, Buffer.from([127, 0, 0, 1])));
  const content = sequence(
    element(0xa0, element(0x02, Buffer.from([2]))),
    element(0x02, Buffer.from([0x01]), randomBytes(8)),
    algorithm,
    commonName(issuer?.name ?? name),
    sequence(utcTime(new Date(nowMs - since * dayMs)), utcTime(new Date(nowMs + days * dayMs))),
    commonName(name),
    publicKey.export({ type: "spki", format: "der" }),
    element(
      0xa3,
      sequence(extension("551d11", names), extension("551d13", sequence(element(0x01, Buffer.from([0xff]))))),
    ),
  );
  const signature = element(0x03, Buffer.from([0]), sign(hash, content, signer));
  const base64 = sequence(content, algorithm, signature).toString("base64");
  return {
    name,
    cert: `-----BEGIN CERTIFICATE-----\n${base64.match(/.{1,64}/g)?.join("\n")}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: "pkcs8", format: "pem" }) as string,
  };
}
