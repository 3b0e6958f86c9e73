/**
 * Secrets never leave: a different one is planted in every place that can hold one, a daemon runs at its most talkative,
 * and everything that it writes and serves is searched for them.
 */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { CERTIFICATE, KEY, PASSPHRASE } from '../config/client-certificate.ts';
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

const WRONG = 'planted-wrong-8e1f';
const INFLUX = 'planted-influx-"2c7a"';
const CLIENT = 'planted client/secret-55d0';
const IN_URLS = { registry: 'planted-registry-01', influx: 'planted-influxurl-02', otlp: 'planted-otlp-03' };
const ACCESS_TOKEN = unsecuredToken(3600);
const PLANTED = [PASSWORD, WRONG, INFLUX, CLIENT, PASSPHRASE, ACCESS_TOKEN, ...Object.values(IN_URLS)];

/** Also what kafkajs keeps to itself unless it is asked. */
const TALKATIVE = {
  SEC_PASSWORD: PASSWORD,
  SEC_WRONG: WRONG,
  SEC_CLIENT: CLIENT,
  KAFKAJS_LOG_LEVEL: 'debug',
  KAFKAJS_DEBUG_PROTOCOL_BUFFERS: '1',
  TELLTALE_DEBUG: '1',
};
const PAGES = [
  '/',
  '/api/config',
  '/healthz',
  '/readyz',
  '/api/services',
  '/api/services/plant?history=10',
  '/api/alerts',
  '/api/incidents',
  '/api/rollouts',
  '/api/retrains',
];
const variable = (name: string): string => `$\{${name}}`;

/** In all forms that a text can take in a log, an address or a header. */
function formsOf(secret: string): string[] {
  const base64 = Buffer.from(secret).toString('base64').replace(/=+$/, '');
  const hex = Buffer.from(secret).toString('hex');
  return [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret), base64, hex];
}

function expectNoSecret(text: string): void {
  for (const secret of PLANTED) for (const form of formsOf(secret)) expect(text).not.toContain(form);
}

describeSecureStack('the secrets of a daemon', (stack) => {
  const { brokers, caFile } = stack.kafkaSecure;
  const folders: ConfigFolder[] = [];
  const prefixes: string[] = [];
  let tokens: TokenServer;
  let isRefused = false;

  beforeAll(async () => {
    tokens = await startTokenServer(({ authorization }) => {
      const given = Buffer.from(authorization.slice('Basic '.length), 'base64').toString();
      if (!isRefused) return { body: { access_token: ACCESS_TOKEN, expires_in: 3600 } };
      return { status: 401, body: { error: decodeURIComponent(given), error_description: given } };
    });
  });
  afterEach(async () => {
    isRefused = false;
    await killDaemons();
    for (const folder of folders.splice(0)) folder.remove();
    for (const prefix of prefixes.splice(0)) await deleteTopics(stack.kafka, prefix);
  });
  afterAll(() => tokens.close());

  const withUser = (url: string, password: string): string => url.replace('://', `://someone:${password}@`);

  function topOf(prefix: string, sasl: object) {
    return {
      kafka: {
        brokers: [brokers],
        ssl: { ca_file: caFile, cert_file: 'c.pem', key_file: 'k.pem', key_passphrase_file: 'passphrase' },
        sasl,
      },
      registry: { url: withUser(stack.registry, IN_URLS.registry) },
      influx: {
        url: withUser(stack.influx, IN_URLS.influx),
        database: prefix,
        username: 'someone',
        password_file: 'influx',
      },
      otlp: { url: withUser('http://127.0.0.1:9', IN_URLS.otlp) },
      log: { level: 'trace' },
    };
  }

  async function folderFor(sasl: object): Promise<ConfigFolder & { name: string }> {
    const name = uniquePrefix('secrets');
    prefixes.push(name);
    await createTopics(stack.kafka, [{ topic: `${name}.requests` }]);
    const folder = secureFolder(stack, name, topOf(name, sasl));
    folders.push(folder);
    folder.write('c.pem', CERTIFICATE);
    folder.write('k.pem', KEY);
    folder.write('passphrase', `${PASSPHRASE}\n`);
    folder.write('influx', INFLUX);
    return { ...folder, name };
  }

  /** All that a daemon serves, as it is sent. */
  async function served(daemon: RunningDaemon): Promise<string> {
    const page = /"url":"(http:[^"]+)"/.exec(daemon.log())![1]!;
    const metrics = /"metrics":"(http:[^"]+)"/.exec(daemon.log())![1]!;
    const urls = [...PAGES.map((path) => page + path), metrics];
    const texts = await Promise.all(urls.map(async (url) => (await fetch(url)).text()));
    // So that an answer of an error does not count as one without secrets.
    expect(texts[1]).toContain('"sasl"');
    expect(texts.at(-1)).toContain('# TYPE');
    return texts.join('\n');
  }

  const kafkaIs = (daemon: RunningDaemon, detail: string) =>
    daemon.until(detail, async () =>
      (await daemon.get<Health>('/healthz')).checks.find(
        (check) => check.name === 'kafka' && check.detail.includes(detail),
      ),
    );

  test.each([
    ['a password', () => ({ mechanism: 'plain', username: USER, password: variable('SEC_PASSWORD') })],
    [
      'the tokens of a client',
      () => ({
        mechanism: 'oauthbearer',
        token_url: tokens.url,
        client_id: 'plant',
        client_secret: variable('SEC_CLIENT'),
      }),
    ],
  ])('are in nothing that it writes while it works with %s', async (_, sasl) => {
    const folder = await folderFor(sasl());
    const daemon = await startDaemon(folder.dir, TALKATIVE);
    await daemon.untilReady();
    await sendRequests(stack, folder.name, 5);
    expect(await daemon.until('a result', () => volumeOf(stack, folder))).toBe(5);
    expectNoSecret(await served(daemon));
    // A configuration that is refused is told in the log.
    const { registry, kafka } = topOf(folder.name, { ...sasl(), mechanism: 'none' });
    const influx = withUser(stack.influx, IN_URLS.influx);
    const otlp = { url: withUser('ftp://127.0.0.1', IN_URLS.otlp) };
    folder.write('telltale.yaml', stringify({ kafka, registry, influx, otlp }));
    daemon.child.kill('SIGHUP');
    await daemon.until('the refusal', async () => daemon.log().includes('configuration is refused'));
    const { text } = await runCommand(folder.dir, ['validate', '--json'], TALKATIVE);
    for (const key of ['kafka.sasl.mechanism', 'influx', 'otlp.url'])
      expect(text).toContain(`"key": "${key}"`);
    await daemon.end('SIGTERM');
    expect(daemon.log()).toContain('kafka: Connection: Request SaslAuthenticate');
    expectNoSecret(daemon.log() + text);
  });

  test('are in nothing that it writes about a password that is wrong and a client that is not known', async () => {
    isRefused = true;
    const wrong = { mechanism: 'scram-sha-256', username: USER, password: variable('SEC_WRONG') };
    const client = { mechanism: 'oauthbearer', token_url: tokens.url, client_id: 'plant' };
    for (const [sasl, detail] of [
      [wrong, "refuses SASL SCRAM-SHA-256 as user 'telltale'"],
      [{ ...client, client_secret: variable('SEC_CLIENT') }, "gives client 'plant' no token: HTTP 401"],
    ] as const) {
      const folder = await folderFor(sasl);
      const daemon = await startDaemon(folder.dir, TALKATIVE);
      await kafkaIs(daemon, detail);
      expect(daemon.log()).toContain(detail.replaceAll('"', '\\"'));
      expectNoSecret(await served(daemon));
      await daemon.end('SIGTERM');
      expectNoSecret(daemon.log());
      const { code, text } = await runCommand(folder.dir, ['topics', 'list'], TALKATIVE);
      expect(code).toBe(1);
      expect(text).toContain(detail);
      expectNoSecret(text);
      const validated = await runCommand(folder.dir, ['validate', '--json'], TALKATIVE);
      expect(validated.code, validated.text).toBe(0);
      expectNoSecret(validated.text);
    }
  });
});
