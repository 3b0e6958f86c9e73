import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { messageOf, TelltaleError } from '../errors.ts';

export interface TlsOptions {
  /** Absolute paths. */
  caFile: string | null;
  certFile: string | null;
  keyFile: string | null;
  keyPassphrase: string | null;
  /** The name that the broker's certificate must have, where it is not that of the address. */
  serverName: string | null;
}

/** What `tls.connect` takes. @throws TelltaleError `file_unreadable` */
export function tlsOf(ssl: boolean | TlsOptions): boolean | ConnectionOptions {
  if (typeof ssl === 'boolean') return ssl;
  const options: ConnectionOptions = {};
  if (ssl.caFile !== null) options.ca = [contentOf(ssl.caFile)];
  if (ssl.certFile !== null) options.cert = contentOf(ssl.certFile);
  if (ssl.keyFile !== null) options.key = contentOf(ssl.keyFile);
  if (ssl.keyPassphrase !== null) options.passphrase = ssl.keyPassphrase;
  if (ssl.serverName !== null) options.servername = ssl.serverName;
  return options;
}

function contentOf(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new TelltaleError('file_unreadable', `${file}: ${messageOf(error)}`, { cause: error });
  }
}
