/**
 * The second listener of our broker: TLS with every SASL mechanism that Telltale offers. It is there to be tested
 * against, on loopback: user and password are no secret, the certificates are made anew with the data.
 */
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { runTool } from './processes.ts';
import type { Settings } from './settings.ts';

/** What the listener lets in: PLAIN and SCRAM by password, OAUTHBEARER by an unsecured JWS with a `sub`. */
export const SECURE_USER = { username: 'telltale', password: 'only-for-tests' } as const;

/** Of a keystore that lives as long as the test data; Kafka and keytool refuse to go without. */
const STORE_PASSWORD = 'only-for-tests';
const VALID_DAYS = '3650';
const MECHANISMS = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER'];
/**
 * A client must prove anew who it is after this long, as with real tokens that expire: a client that cannot do that on
 * an open connection fails here and not in the night.
 */
const REAUTHENTICATE_MS = 30_000;

/** Where clients of the secure listener find it, and what they must trust. */
export interface SecureListener {
  readonly brokers: string;
  readonly caFile: string;
}

export function secureListener(settings: Settings, dataDir: string): SecureListener {
  return { brokers: `127.0.0.1:${settings.ports.kafka + 2}`, caFile: join(dataDir, 'tls', 'ca.pem') };
}

/** Lines of server.properties; the listener's name is SECURE. */
export function secureProperties(dataDir: string): Record<string, string | number> {
  const { username, password } = SECURE_USER;
  const security = 'org.apache.kafka.common.security';
  const login = `username="${username}" password="${password}" user_${username}="${password}"`;
  const prefix = 'listener.name.secure';
  return {
    [`${prefix}.ssl.keystore.type`]: 'PKCS12',
    [`${prefix}.ssl.keystore.location`]: join(dataDir, 'tls', 'broker.p12'),
    [`${prefix}.ssl.keystore.password`]: STORE_PASSWORD,
    [`${prefix}.sasl.enabled.mechanisms`]: MECHANISMS.join(','),
    [`${prefix}.connections.max.reauth.ms`]: REAUTHENTICATE_MS,
    [`${prefix}.plain.sasl.jaas.config`]: `${security}.plain.PlainLoginModule required ${login};`,
    [`${prefix}.scram-sha-256.sasl.jaas.config`]: `${security}.scram.ScramLoginModule required;`,
    [`${prefix}.scram-sha-512.sasl.jaas.config`]: `${security}.scram.ScramLoginModule required;`,
    // The broker logs in to itself with this token; those of clients are only read and checked for time.
    [`${prefix}.oauthbearer.sasl.jaas.config`]: `${security}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";`,
  };
}

/** Arguments of `kafka-storage format` that create the SCRAM user: it is stored in the cluster's metadata. */
export function scramArguments(): string[] {
  const { username, password } = SECURE_USER;
  return ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
    '--add-scram',
    `${mechanism}=[name=${username},password=${password}]`,
  ]);
}

/**
 * Makes `tls/broker.p12`, for `127.0.0.1` and `localhost`, and `tls/ca.pem`, the authority that signed it, with the
 * keytool of the Java that runs the broker. Nothing happens where both are.
 */
export async function makeCertificates(java: string, dataDir: string, log: string): Promise<void> {
  const folder = join(dataDir, 'tls');
  const store = join(folder, 'broker.p12');
  const ca = join(folder, 'ca.pem');
  if (existsSync(store) && existsSync(ca)) return;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const keytool = java === 'java' ? 'keytool' : join(dirname(java), 'keytool');
  const common = ['-keystore', store, '-storetype', 'PKCS12', '-storepass', STORE_PASSWORD];
  const key = ['-genkeypair', '-keyalg', 'EC', '-groupname', 'secp256r1', '-validity', VALID_DAYS];
  const run = (...args: string[]) => runTool(keytool, [...args, ...common], log);
  await run(
    ...key,
    ...['-alias', 'ca', '-dname', 'CN=Telltale stack CA', '-ext', 'bc:critical=ca:true'],
    ...['-ext', 'ku:critical=keyCertSign'],
  );
  await run(
    ...key,
    ...['-alias', 'broker', '-dname', 'CN=Telltale stack broker', '-signer', 'ca'],
    ...['-ext', 'san=ip:127.0.0.1,dns:localhost', '-ext', 'eku=serverAuth'],
  );
  await run('-exportcert', '-rfc', '-alias', 'ca', '-file', ca);
  // With two keys in its store the broker might show the wrong one.
  await run('-delete', '-alias', 'ca');
}
