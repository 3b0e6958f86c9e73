import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { readDaemon } from '../../src/config/daemon.ts';
import { loadConfig } from '../../src/config/load.ts';
import { ConfigError, type DaemonConfig, formatProblem, type KafkaConfig } from '../../src/config/types.ts';
import { warningsOf } from '../../src/config/warnings.ts';
import { CERTIFICATE, KEY, PASSPHRASE } from './client-certificate.ts';
import { contextOf, registries } from './support.ts';

const FILES = {
  '/services/password': 's3cret line\n',
  '/services/windows': 's3cret\r\n',
  '/services/empty': '\n',
  '/services/token': 'abc\n',
  '/services/cert.pem': CERTIFICATE,
  '/services/key.pem': KEY,
  '/services/text': 'hello\n',
};

function read(text: string) {
  const { config, source } = readDaemon(text, 'telltale.yaml', contextOf(FILES));
  return { config, problems: source.problems.map(formatProblem) };
}

/** The kafka part of a file without faults. */
function kafkaOf(ssl: string, sasl: string): KafkaConfig {
  const { config, problems } = read(`kafka:\n  ssl: ${ssl}\n  sasl: ${sasl}\n`);
  expect(problems).toEqual([]);
  return (config as DaemonConfig).kafka;
}

const saslOf = (sasl: string) => kafkaOf('true', sasl).sasl;
const sslOf = (ssl: string) => kafkaOf(ssl, '{ mechanism: plain, username: u, password: p }').ssl;

describe('kafka.sasl', () => {
  it.each(['plain', 'scram-sha-256', 'scram-sha-512'])('%s: user, and password or its file', (mechanism) => {
    const start = `{ mechanism: ${mechanism}, username: u`;
    expect(saslOf(`${start}, password: p }`)).toEqual({ mechanism, username: 'u', password: 'p' });
    // One line break belongs to the file and not to the password.
    expect(saslOf(`${start}, password_file: password }`)).toMatchObject({ password: 's3cret line' });
    expect(saslOf(`${start}, password_file: windows }`)).toMatchObject({ password: 's3cret' });
  });

  it('oauthbearer: a token, a file of one, or a client of an OAuth server', () => {
    const sourceOf = (keys: string) => saslOf(`{ mechanism: oauthbearer, ${keys} }`);
    expect(sourceOf('token: t')).toEqual({ mechanism: 'oauthbearer', source: { kind: 'token', token: 't' } });
    expect(sourceOf('token_file: token')).toMatchObject({
      source: { kind: 'file', tokenFile: '/services/token' },
    });
    expect(
      sourceOf('token_url: "https://a/token/", client_id: c, client_secret_file: password, scope: k'),
    ).toMatchObject({
      source: {
        kind: 'client',
        tokenUrl: 'https://a/token/',
        clientId: 'c',
        clientSecret: 's3cret line',
        scope: 'k',
      },
    });
  });

  it.each([
    ['mechanism: plain\n    username: u', '2:3  kafka.sasl: missing password or password_file'],
    ['mechanism: plain\n    password: p', '2:3  kafka.sasl.username: missing, allowed: text'],
    [
      'mechanism: plain\n    username: u\n    password: p\n    password_file: password',
      '6:5  kafka.sasl.password_file: found password and password_file, allowed: one of them',
    ],
    [
      'mechanism: plain\n    username: u\n    password_file: gone',
      '5:5  kafka.sasl.password_file: no such file (paths are relative to telltale.yaml)',
    ],
    [
      'mechanism: plain\n    username: u\n    password_file: empty',
      '5:5  kafka.sasl.password_file: the file is empty',
    ],
    [
      'mechanism: gssapi\n    username: u',
      "3:5  kafka.sasl.mechanism: found 'gssapi', allowed: plain, scram",
    ],
    [
      'mechanism: plain\n    username: u\n    password: p\n    token: t',
      "6:5  kafka.sasl.token: unknown key 'token', allowed: mechanism, username",
    ],
    ['mechanism: oauthbearer', '2:3  kafka.sasl: missing one of token, token_file, token_url'],
    [
      'mechanism: oauthbearer\n    token: t\n    token_file: token',
      '5:5  kafka.sasl.token_file: found token and token_file, allowed: one of them',
    ],
    [
      'mechanism: oauthbearer\n    token_file: gone',
      '4:5  kafka.sasl.token_file: no such file (paths are relative to telltale.yaml)',
    ],
    [
      'mechanism: oauthbearer\n    token: t\n    client_secret: hush',
      '5:5  kafka.sasl.client_secret: goes with token_url only',
    ],
    [
      'mechanism: oauthbearer\n    token_url: http://a\n    client_secret: hush',
      '2:3  kafka.sasl: missing client_id, which token_url needs',
    ],
    [
      'mechanism: oauthbearer\n    token_url: http://a\n    client_id: c',
      '2:3  kafka.sasl: missing client_secret or client_secret_file',
    ],
    [
      'mechanism: oauthbearer\n    token_url: https://me:hush@a/token\n    client_id: c\n    client_secret: hush',
      "4:5  kafka.sasl.token_url: found 'https://***@a/token', allowed: a URL such as",
    ],
  ])('%j is told by its line', (sasl, expected) => {
    const { problems } = read(`kafka:\n  sasl:\n    ${sasl}\n`);
    expect(problems.map((line) => line.slice(0, 14 + expected.length))).toEqual([
      `telltale.yaml:${expected}`,
    ]);
    expect(problems.join()).not.toContain('hush');
  });

  it('without TLS is allowed with a warning that says what is readable', () => {
    const { config } = read('kafka:\n  sasl: { mechanism: plain, username: u, password: p }\n');
    expect(warningsOf(config!)).toEqual([
      expect.stringMatching(/^kafka\.sasl without kafka\.ssl: PLAIN sends the password readable;/),
    ]);
    const sasl = '{ mechanism: oauthbearer, client_id: c, client_secret: s, token_url: URL }';
    expect(warningsOf({ kafka: kafkaOf('true', sasl.replace('URL', '"https://a/t"')) })).toEqual([]);
    expect(warningsOf({ kafka: kafkaOf('true', sasl.replace('URL', '"http://127.0.0.1:9/t"')) })).toEqual([]);
    expect(warningsOf({ kafka: kafkaOf('true', sasl.replace('URL', '"http://a/t"')) })).toEqual([
      'kafka.sasl.token_url without https: the client secret is sent readable',
    ]);
  });
});

describe('kafka.ssl', () => {
  it('takes an authority, a name, and a certificate of its own with a key behind a passphrase', () => {
    expect(
      sslOf(
        `{ ca_file: cert.pem, cert_file: cert.pem, key_file: key.pem, key_passphrase: ${PASSPHRASE}, server_name: b }`,
      ),
    ).toEqual({
      caFile: '/services/cert.pem',
      certFile: '/services/cert.pem',
      keyFile: '/services/key.pem',
      keyPassphrase: PASSPHRASE,
      serverName: 'b',
    });
  });

  it.each([
    ['ca_file: gone', 'ca_file: no such file'],
    ['ca_file: text', 'ca_file: found no certificate in the file'],
    ['cert_file: cert.pem', 'cert_file: needs key_file'],
    ['key_file: key.pem', 'key_file: needs cert_file'],
    ['key_passphrase: hush', 'key_passphrase: needs key_file'],
    ['cert_file: text\n    key_file: key.pem', 'cert_file: not a certificate in PEM that can be used'],
    ['cert_file: cert.pem\n    key_file: key.pem', 'key_file: the key does not open or does not fit'],
    [
      'cert_file: cert.pem\n    key_file: key.pem\n    key_passphrase: hush',
      'key_file: the key does not open or does not fit',
    ],
    [
      'cert_file: cert.pem\n    key_file: key.pem\n    key_passphrase: hush\n    key_passphrase_file: password',
      'key_passphrase_file: found key_passphrase and key_passphrase_file',
    ],
  ])('%j is told by its line', (ssl, expected) => {
    const { problems } = read(`kafka:\n  ssl:\n    ${ssl}\n`);
    expect(problems).toEqual([expect.stringContaining(`kafka.ssl.${expected}`)]);
    const line = ssl.split('\n').findIndex((text) => text.trim().startsWith(expected.split(':')[0]!));
    // A key that is missing is told where its section begins.
    expect(problems[0]).toMatch(new RegExp(`^telltale.yaml:${line + 3}:`));
    expect(problems.join()).not.toContain('hush');
  });
});

describe('influx.password_file', () => {
  it('takes the place of the password', () => {
    const { config } = read('influx: { url: "http://i", username: u, password_file: password }\n');
    expect(config?.influx).toEqual({
      url: 'http://i',
      database: 'telltale',
      username: 'u',
      password: 's3cret line',
    });
    expect(read('influx: { url: "http://i", password: x, password_file: password }\n').problems).toEqual([
      expect.stringContaining('influx.password_file: found password and password_file'),
    ]);
  });
});

describe('a file of a secret that is missing', () => {
  const made: string[] = [];
  afterEach(() => {
    for (const dir of made.splice(0)) rmSync(dir, { recursive: true });
  });

  it('hides neither the other faults of telltale.yaml nor those of the services', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'telltale-secrets-'));
    made.push(dir);
    writeFileSync(
      join(dir, 'telltale.yaml'),
      [
        'kafka:',
        '  sasl: { mechanism: plain, username: u, password_file: gone }',
        'influx: { url: "http://i", password_file: gone }',
        'services: watched',
      ].join('\n'),
    );
    mkdirSync(join(dir, 'watched'));
    writeFileSync(
      join(dir, 'watched/a.yaml'),
      'service: a\nstreams: { requests: { topic: t } }\nwindws: 1\n',
    );
    const error = await loadConfig(dir, registries).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as ConfigError).problems.map(({ key, line }) => `${key} ${line}`)).toEqual([
      'kafka.sasl.password_file 2',
      'influx.password_file 3',
      'windws 3',
    ]);
  });
});
