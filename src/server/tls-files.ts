import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import type { Logger } from "pino";
import type { Config } from "./config.ts";
import { StartError } from "../errors.ts";

/** Certificate and key of a TLS server, in PEM. Versions before 1.2 are refused. */
export interface TlsFiles {
  /** The server's certificate, followed by its chain. */
  cert: string;
  key: string;
  minVersion: "TLSv1.2";
}

const expiresSoonMs = 14 * 24 * 3_600_000;

/** The PEM blocks of a file whose label ends with `kind`. Throws when there is none, or when a block is incomplete. */
async function readBlocks(file: string, kind: "CERTIFICATE" | "PRIVATE KEY"): Promise<string[]> {
  const text = await readFile(file, "latin1");
  const blocks: { label: string; pem: string }[] = [];
  let begin: { label: string; index: number } | undefined;
  for (const { 0: line, 1: word, 2: label = "", index } of text.matchAll(/-----(BEGIN|END) ([A-Z0-9 ]+)-----/g)) {
    if ((word === "BEGIN") !== (begin === undefined)) throw new Error(`${file} is broken at '${line}'`);
    if (begin !== undefined) blocks.push({ label, pem: `${text.slice(begin.index, index)}${line}\n` });
    begin = begin === undefined ? { label, index } : undefined;
  }
  if (begin !== undefined) throw new Error(`${file} ends in the middle of a ${begin.label}`);
  const wanted = blocks.filter(({ label }) => label === kind || label.endsWith(` ${kind}`));
  if (wanted.length > 0) return wanted.map(({ pem }) => pem);
  const labels = [...new Set(blocks.map(({ label }) => label))];
  throw new Error(`${file} holds no ${kind} in PEM${labels.length === 0 ? "" : `, but ${labels.join(", ")}`}`);
}

async function readCertificates(file: string): Promise<[X509Certificate, ...X509Certificate[]]> {
  const certificates = (await readBlocks(file, "CERTIFICATE")).map((pem, index) => {
    try {
      return new X509Certificate(pem);
    } catch (error) {
      throw new Error(`certificate ${index + 1} of ${file} is broken: ${(error as Error).message}`);
    }
  });
  return certificates as [X509Certificate, ...X509Certificate[]];
}

async function readKey(file: string): Promise<KeyObject> {
  const [pem = "", ...others] = await readBlocks(file, "PRIVATE KEY");
  if (others.length > 0) throw new Error(`${file} holds ${others.length + 1} keys`);
  if (/-----BEGIN ENCRYPTED|^Proc-Type: 4,ENCRYPTED/m.test(pem)) throw new Error(`the key in ${file} has a passphrase`);
  try {
    return createPrivateKey(pem);
  } catch (error) {
    throw new Error(`the key in ${file} is broken: ${(error as Error).message}`);
  }
}

/** Warns about certificates that clients may reject. */
function warn(certificates: readonly X509Certificate[], file: string, log: Pick<Logger, "warn">): void {
  for (const [index, certificate] of certificates.entries()) {
    const { subject, validFrom, validTo } = certificate;
    const entry = { file, certificate: index + 1, subject };
    const leftMs = Date.parse(validTo) - Date.now();
    if (leftMs < 0) log.warn({ ...entry, validTo }, "the certificate has expired");
    else if (leftMs < expiresSoonMs) log.warn({ ...entry, validTo }, "the certificate expires soon");
    if (Date.parse(validFrom) > Date.now()) log.warn({ ...entry, validFrom }, "the certificate is not valid yet");
    const next = certificates[index + 1];
    if (next !== undefined && !certificate.checkIssued(next)) {
      log.warn({ ...entry, next: next.subject }, "the next certificate in the file did not sign this one");
    }
  }
}

/**
 * Reads certificate and key, and checks that they match. Throws StartError with the reason; problems that only make
 * clients refuse the certificate are logged as warnings.
 */
export async function loadTlsFiles(
  { certFile, keyFile }: NonNullable<Config["tls"]>,
  log: Pick<Logger, "warn">,
): Promise<TlsFiles> {
  try {
    const certificates = await readCertificates(certFile);
    const key = await readKey(keyFile);
    if (!certificates[0].checkPrivateKey(key)) {
      const place = 1 + certificates.findIndex((certificate) => certificate.checkPrivateKey(key));
      throw new Error(
        place === 0
          ? "the certificate and the key do not belong together"
          : `the key belongs to certificate ${place} of the file, which must be the first one`,
      );
    }
    const cert = certificates.map((certificate) => certificate.toString()).join("");
    const files: TlsFiles = {
      cert,
      key: key.export({ type: "pkcs8", format: "pem" }) as string,
      minVersion: "TLSv1.2",
    };
    // OpenSSL has requirements of its own, such as a minimum key length.
    createSecureContext(files);
    warn(certificates, certFile, log);
    return files;
  } catch (error) {
    throw new StartError(`TLS with ${certFile} and ${keyFile} is not possible: ${(error as Error).message}`);
  }
}
