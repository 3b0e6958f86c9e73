/** `kafka.ssl` and `kafka.sasl`: what they say, which files they name, and whether these can be used. */
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { messageOf } from '../errors.ts';
import type { Files } from './checks/streams.ts';
import type { Source } from './document.ts';
import { fileOf, neededSecretOf, type SecretEntry, secretOf } from './secrets.ts';
import type { SaslShape, TlsShape } from './security-shape.ts';
import type { SaslConfig, TlsConfig, TokenSource } from './types.ts';

/** Reports files that are missing, or that TLS cannot use: a wrong passphrase must not be found out by the first start. */
export function tlsOf(shape: boolean | TlsShape, files: Files, source: Source): boolean | TlsConfig {
  if (typeof shape === 'boolean') return shape;
  const entry: SecretEntry = { path: ['kafka', 'ssl'], shape, files, source };
  const before = source.problems.length;
  const config: TlsConfig = {
    caFile: fileOf(entry, 'ca_file'),
    certFile: fileOf(entry, 'cert_file'),
    keyFile: fileOf(entry, 'key_file'),
    keyPassphrase: secretOf(entry, 'key_passphrase'),
    serverName: shape.server_name ?? null,
  };
  const report = (key: string, message: string): void => source.report([...entry.path, key], { message });
  if (config.certFile !== null && config.keyFile === null) report('cert_file', 'needs key_file');
  if (config.keyFile !== null && config.certFile === null) report('key_file', 'needs cert_file');
  if (config.keyPassphrase !== null && config.keyFile === null) report('key_passphrase', 'needs key_file');
  if (source.problems.length === before) checkContents(config, files, report);
  return config;
}

function checkContents(
  { caFile, certFile, keyFile, keyPassphrase }: TlsConfig,
  files: Files,
  report: (key: string, message: string) => void,
): void {
  const faultOf = (options: SecureContextOptions): string | null => {
    try {
      createSecureContext(options);
      return null;
    } catch (error) {
      return messageOf(error);
    }
  };
  const read = (file: string | null): string => (file === null ? '' : (files.read(file) ?? ''));
  const ca = read(caFile);
  // OpenSSL takes an authority without any certificate, and then trusts nobody.
  if (caFile !== null && (!/-----BEGIN [A-Z ]*CERTIFICATE-----/.test(ca) || faultOf({ ca }) !== null))
    report('ca_file', 'found no certificate in the file, allowed: certificates in PEM');
  if (certFile === null || keyFile === null) return;
  const cert = read(certFile);
  const certFault = faultOf({ cert });
  if (certFault !== null) {
    report('cert_file', `not a certificate in PEM that can be used (${certFault})`);
    return;
  }
  const secrets = keyPassphrase === null ? {} : { passphrase: keyPassphrase };
  const keyFault = faultOf({ cert, key: read(keyFile), ...secrets });
  if (keyFault !== null)
    report(
      'key_file',
      `the key does not open or does not fit the certificate (${keyFault}); see key_passphrase`,
    );
}

/** Reports keys that do not go together and files that are missing. */
export function saslOf(shape: SaslShape, files: Files, source: Source): SaslConfig {
  const entry: SecretEntry = { path: ['kafka', 'sasl'], shape, files, source };
  const { mechanism } = shape;
  if (mechanism === 'oauthbearer') return { mechanism, source: tokenSourceOf(shape, entry) };
  return { mechanism, username: shape.username, password: neededSecretOf(entry, 'password') };
}

const TOKEN_KEYS = ['token', 'token_file', 'token_url'] as const;
const CLIENT_KEYS = ['client_id', 'client_secret', 'client_secret_file', 'scope'] as const;

function tokenSourceOf(shape: SaslShape & { mechanism: 'oauthbearer' }, entry: SecretEntry): TokenSource {
  const { source, path } = entry;
  const given = TOKEN_KEYS.filter((key) => shape[key] !== undefined);
  if (given.length === 0) source.report(path, { message: `missing one of ${TOKEN_KEYS.join(', ')}` });
  for (const key of given.slice(1)) {
    source.report([...path, key], { message: `found ${given[0]} and ${key}, allowed: one of them` });
  }
  if (given[0] === 'token_url') {
    if (shape.client_id === undefined)
      source.report(path, { message: 'missing client_id, which token_url needs' });
    return {
      kind: 'client',
      tokenUrl: shape.token_url ?? '',
      clientId: shape.client_id ?? '',
      clientSecret: neededSecretOf(entry, 'client_secret'),
      scope: shape.scope ?? null,
    };
  }
  for (const key of CLIENT_KEYS) {
    if (shape[key] !== undefined) source.report([...path, key], { message: 'goes with token_url only' });
  }
  // The content may be replaced at any time, so that only its place is read here.
  if (given[0] === 'token_file') return { kind: 'file', tokenFile: fileOf(entry, 'token_file') ?? '' };
  return { kind: 'token', token: shape.token ?? '' };
}
