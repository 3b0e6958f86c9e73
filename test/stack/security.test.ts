/** Security of the pipe: the built daemon over TLS and SASL, refusals in clear words, and secrets that never leave. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { findJava } from '../../src/stack/java.ts';
import { makeCertificates } from '../../src/stack/kafka-secure.ts';
import { startTokenServer, type TokenServer } from '../log/token-server.ts';
import { type ConfigFolder, type Health, killDaemons, type RunningDaemon, startDaemon } from './daemon.ts';
import {
  PASSWORD,
  runCommand,
  secureFolder,
  sendRequests,
  USER,
  unsecuredToken,
  volumeOf,
} from './security.ts';
import { describeSecureStack } from './support/context.ts';
import { createTopics, deleteTopics, uniquePrefix } from './support/topics.ts';

type Sasl = Record<string, string>;
const SERVER_SECRET = 'secret-of-the-client-3b9d';

const kafkaCheck = async (daemon: RunningDaemon) =>
  (await daemon.get<Health>('/healthz')).checks.find(({ name }) => name === 'kafka');

describeSecureStack('TLS and SASL', (stack) => {
  const { brokers, caFile } = stack.kafkaSecure;
  const scratch = mkdtempSync(join(tmpdir(), 'telltale-security-'));
  const folders: ConfigFolder[] = [];
  const prefixes: string[] = [];
  let tokens: TokenServer;
  /** An authority that has not signed the broker's certificate. */
  const strangerFile = join(scratch, 'tls', 'ca.pem');

  beforeAll(async () => {
    await makeCertificates(findJava(), scratch, join(scratch, 'keytool.log'));
    tokens = await startTokenServer(({ authorization }) => {
      const given = Buffer.from(authorization.slice('Basic '.length), 'base64').toString();
      if (given === `plant:${SERVER_SECRET}`)
        return { body: { access_token: unsecuredToken(3600), expires_in: 3600 } };
      // A careless server that repeats what it was given.
      return { status: 401, body: { error: 'invalid_client', error_description: given } };
    });
  });
  afterEach(async () => {
    await killDaemons();
    for (const folder of folders.splice(0)) folder.remove();
    for (const prefix of prefixes.splice(0)) await deleteTopics(stack.kafka, prefix);
  });
  afterAll(async () => {
    await tokens.close();
    rmSync(scratch, { recursive: true, force: true });
  });

  async function folderFor(kafka: object, rest: object = {}): Promise<ConfigFolder & { name: string }> {
    const name = uniquePrefix('sec');
    prefixes.push(name);
    await createTopics(stack.kafka, [{ topic: `${name}.requests` }]);
    const folder = secureFolder(stack, name, { kafka: { brokers: [brokers], ...kafka }, ...rest });
    folders.push(folder);
    return { ...folder, name };
  }

  const byPassword = { username: USER, password: '$' + '{SEC_PASSWORD}' };
  const mechanisms: [string, () => Sasl][] = [
    ['plain', () => ({ ...byPassword })],
    ['scram-sha-256', () => ({ ...byPassword })],
    ['scram-sha-512', () => ({ username: USER, password_file: 'password' })],
    ['oauthbearer', () => ({ token_url: tokens.url, client_id: 'plant', client_secret_file: 'secret' })],
  ];

  test.each(mechanisms)('%s: requests go in and results come out', async (mechanism, sasl) => {
    const folder = await folderFor({ ssl: { ca_file: caFile }, sasl: { mechanism, ...sasl() } });
    folder.write('password', `${PASSWORD}\n`);
    folder.write('secret', SERVER_SECRET);
    const daemon = await startDaemon(folder.dir, { SEC_PASSWORD: PASSWORD });
    await daemon.untilReady();
    await sendRequests(stack, folder.name, 25);
    expect(await daemon.until('a result', () => volumeOf(stack, folder))).toBe(25);
    expect(daemon.log()).not.toContain('without kafka.ssl');
    expect(await daemon.end('SIGTERM')).toEqual({ code: 0, signal: null });
    const { code, text } = await runCommand(folder.dir, ['topics', 'list'], { SEC_PASSWORD: PASSWORD });
    expect(code, text).toBe(0);
  });

  const wrong = 'wrong-password-91c4';
  const refusals: [string, () => { ssl: unknown; sasl?: Sasl }, string[]][] = [
    ...['plain', 'scram-sha-256', 'scram-sha-512'].map(
      (mechanism): [string, () => { ssl: unknown; sasl: Sasl }, string[]] => [
        `a wrong password with ${mechanism}`,
        () => ({ ssl: { ca_file: caFile }, sasl: { mechanism, username: USER, password: wrong } }),
        ['broker_denied', `${brokers} refuses SASL ${mechanism.toUpperCase()} as user '${USER}': `],
      ],
    ),
    [
      'a token that has ended',
      () => ({ ssl: { ca_file: caFile }, sasl: { mechanism: 'oauthbearer', token: unsecuredToken(-30) } }),
      ['broker_denied', `${brokers} refuses the token of SASL OAUTHBEARER: `],
    ],
    [
      'a client that the OAuth server does not know',
      () => ({
        ssl: { ca_file: caFile },
        sasl: { mechanism: 'oauthbearer', token_url: tokens.url, client_id: 'plant', client_secret: wrong },
      }),
      ['token_unavailable', "gives client 'plant' no token: HTTP 401 invalid_client"],
    ],
    [
      'the certificate of another authority',
      () => ({
        ssl: { ca_file: strangerFile },
        sasl: { mechanism: 'plain', username: USER, password: wrong },
      }),
      ['broker_untrusted', `the certificate of ${brokers} is not trusted`, 'kafka.ssl.ca_file'],
    ],
    [
      'a certificate for another name',
      () => ({
        ssl: { ca_file: caFile, server_name: 'kafka.example' },
        sasl: { mechanism: 'plain', username: USER, password: wrong },
      }),
      ['broker_untrusted', `the certificate of ${brokers} is for another name`, 'kafka.ssl.server_name'],
    ],
  ];

  test.each(refusals)(
    '%s is an error that says what to change, and not the secret',
    async (_, keys, expected) => {
      const folder = await folderFor(keys());
      const { code, text } = await runCommand(folder.dir, ['topics', 'list']);
      expect(code).toBe(1);
      for (const part of expected) expect(text).toContain(part);
      expect(text).not.toContain(wrong);
    },
  );

  test.each([
    ['no TLS on a port with TLS', () => ({ ssl: false, brokers: [brokers] }), 'see kafka.ssl'],
    [
      'TLS on a port without TLS',
      () => ({ ssl: { ca_file: caFile }, brokers: [stack.kafka] }),
      'see kafka.ssl',
    ],
    [
      'no SASL on a port with SASL',
      () => ({ ssl: { ca_file: caFile }, brokers: [brokers] }),
      'see kafka.sasl',
    ],
  ])('the daemon goes on trying and shows why: %s', async (_, kafka, expected) => {
    const folder = await folderFor(kafka());
    const daemon = await startDaemon(folder.dir);
    await daemon.until('the check', async () => (await kafkaCheck(daemon))?.detail.includes(expected));
    expect(await kafkaCheck(daemon)).toMatchObject({ name: 'kafka', ok: false });
    expect(daemon.log()).toContain(expected);
    expect(await daemon.end('SIGTERM')).toEqual({ code: 0, signal: null });
  });
});
