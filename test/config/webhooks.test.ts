import { expect, test } from 'vitest';
import { readDaemon } from '../../src/config/daemon.ts';
import { redact } from '../../src/config/redact.ts';
import type { ConfigProblem, DaemonConfig } from '../../src/config/types.ts';

const files: Record<string, string> = { '/etc/key': 'from-file\n', '/etc/empty': '\n' };

function read(text: string, env = {}): { config: DaemonConfig | null; problems: ConfigProblem[] } {
  const { config, source } = readDaemon(text, 'telltale.yaml', {
    env,
    files: {
      resolve: (path) => `/etc/${path}`,
      exists: (path) => path in files,
      read: (path) => files[path] ?? null,
    },
  });
  return { config, problems: source.problems };
}

test('without a word there is no webhook, and the alarm about dead letters is on', () => {
  const { config } = read('');
  expect(config).toMatchObject({
    webhooks: [],
    deadLetters: { rateMax: 0.01, minRecords: 100, windowMs: 60_000 },
  });
  expect(read('dead_letters: false').config!.deadLetters).toBeNull();
  expect(read('dead_letters: { rate_max: 0.2, window: 5s }').config!.deadLetters).toEqual({
    rateMax: 0.2,
    minRecords: 100,
    windowMs: 5_000,
  });
});

test('a webhook with everything, and one with its defaults', () => {
  const { config, problems } = read(
    `webhooks:
  - name: pager
    url: "https://me:$\{PASSWORD}@hooks.example.com/T0/ab/?k=1"
    on: [alerts, incidents, rollout, results, alerts]
    headers: { Authorization: "Bearer $\{TOKEN}", x-team: ml }
    secret_file: key
    timeout: 3s
  - { name: log, url: http://localhost:9000, secret: inline }
`,
    { TOKEN: 'abc123', PASSWORD: 'p4ss' },
  );
  expect(problems).toEqual([]);
  expect(config!.webhooks).toEqual([
    {
      name: 'pager',
      url: 'https://me:p4ss@hooks.example.com/T0/ab/?k=1',
      on: ['alerts', 'incidents', 'rollout', 'results'],
      headers: { Authorization: 'Bearer abc123', 'x-team': 'ml' },
      secret: 'from-file',
      timeoutMs: 3_000,
    },
    {
      name: 'log',
      url: 'http://localhost:9000',
      on: ['alerts', 'retrain'],
      headers: {},
      secret: 'inline',
      timeoutMs: 10_000,
    },
  ]);
  const printed = redact(config!);
  expect(JSON.stringify(printed)).not.toMatch(/p4ss|abc123|T0|k=1|from-file|inline/);
  expect(printed.webhooks[0]).toMatchObject({
    name: 'pager',
    url: 'https://hooks.example.com/***',
    headers: { Authorization: '***', 'x-team': '***' },
    secret: '***',
    on: ['alerts', 'incidents', 'rollout', 'results'],
  });
});

test.each([
  ['webhooks: [{ name: A, url: "http://h" }]', 'webhooks[0].name', 'a name of a-z'],
  ['webhooks: [{ name: a, url: "ftp://h" }]', 'webhooks[0].url', 'a URL such as'],
  ['webhooks: [{ name: a, url: "http://h:x" }]', 'webhooks[0].url', 'not a URL'],
  ['webhooks: [{ name: a, url: "http://h", on: [] }]', 'webhooks[0].on', '>= 1 entries'],
  ['webhooks: [{ name: a, url: "http://h", on: [alert] }]', 'webhooks[0].on[0]', 'alerts'],
  ['webhooks: [{ name: a, url: "http://h", timeout: 1h }]', 'webhooks[0].timeout', 'at most 10m'],
  [
    'webhooks: [{ name: a, url: "http://h" }, { name: a, url: "http://h" }]',
    'webhooks[1].name',
    'two webhooks',
  ],
  [
    'webhooks: [{ name: a, url: "http://h", secret: x, secret_file: key }]',
    'webhooks[0].secret_file',
    'allowed: one of them',
  ],
  [
    'webhooks: [{ name: a, url: "http://h", secret_file: nowhere }]',
    'webhooks[0].secret_file',
    'no such file',
  ],
  [
    'webhooks: [{ name: a, url: "http://h", secret_file: empty }]',
    'webhooks[0].secret_file',
    'the file is empty',
  ],
  ['webhooks: [{ name: a, url: "http://h", headers: { x: "a\\nb" } }]', 'webhooks[0].headers.x', 'one line'],
  [
    'webhooks: [{ name: a, url: "http://h", headers: { Idempotency-Key: x } }]',
    'webhooks[0].headers',
    'itself',
  ],
  ['dead_letters: { rate_max: 0 }', 'dead_letters.rate_max', '>= 0.0001'],
  ['dead_letters: { min_records: 0 }', 'dead_letters.min_records', '>= 1'],
])('finds the fault in %s', (text, key, message) => {
  const { problems } = read(text);
  expect(problems).toHaveLength(1);
  expect(problems[0]!.key.startsWith(key)).toBe(true);
  expect(problems[0]!.message).toContain(message);
});

test.each([
  'webhooks: [{ name: a, url: "ftp://h/hush" }]',
  'webhooks: [{ name: a, url: "http://h", headers: { x: [hush] } }]',
  'webhooks: [{ name: a, url: "http://h", headers: "hush" }]',
  'webhooks: [{ name: a, url: "http://h", headers: { x: "hush\\n" } }]',
  'webhooks: ["http://h/hush"]',
  'webhooks: "http://h/hush"',
])('shows nothing secret of %s', (text) => {
  const { problems } = read(text);
  expect(problems.length).toBeGreaterThan(0);
  expect(JSON.stringify(problems)).not.toContain('hush');
});
