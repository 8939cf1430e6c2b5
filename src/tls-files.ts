import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import type { Logger } from "pino";
import type { Config } from "./config.ts";
import { StartError } from "./start-error.ts";

/** What a TLS server is made of, in PEM. Versions before 1.2 are refused. */
export interface TlsFiles {
  /** The server's certificate, followed by those that lead to its root. */
  cert: Buffer;
  key: Buffer;
  minVersion: "TLSv1.2";
}

const expiresSoonMs = 14 * 24 * 3_600_000;

/** Reads and checks certificate and key. Throws StartError that says what does not fit; warns before the end. */
export async function loadTlsFiles(
  { certFile, keyFile }: NonNullable<Config["tls"]>,
  log: Pick<Logger, "warn">,
): Promise<TlsFiles> {
  try {
    const files = { cert: await readFile(certFile), key: await readFile(keyFile), minVersion: "TLSv1.2" } as const;
    createSecureContext(files);
    const { validTo } = new X509Certificate(files.cert);
    if (Date.parse(validTo) - Date.now() < expiresSoonMs) {
      log.warn({ file: certFile, validTo }, "the certificate expires soon, or has expired");
    }
    return files;
  } catch (error) {
    throw new StartError(`TLS with ${certFile} and ${keyFile} is not possible: ${(error as Error).message}`);
  }
}
