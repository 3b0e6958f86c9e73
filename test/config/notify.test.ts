import { expect, test } from 'vitest';
import { readDaemon } from '../../src/config/daemon.ts';
import { redact, secretFilter } from '../../src/config/redact.ts';
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

test('without a word nobody is notified', () => {
  expect(read('').config!.notify).toEqual({ alertmanager: [] });
});

test('an Alertmanager with everything, and one with its defaults', () => {
  const { config, problems } = read(
    `notify:
  alertmanager:
    - name: main
      url: ["http://am-0:9093/", "https://me:$\{PASSWORD}@am-1/path"]
      username: ann
      password_file: key
      labels: { team: ml }
      link: "https://grafana.example/d/t?var-service={{ service }}"
      resend: 30s
      timeout: 3s
    - { name: other, url: http://localhost:9093, token: "$\{TOKEN}" }
`,
    { PASSWORD: 'p4ssword', TOKEN: 't0ken' },
  );
  expect(problems).toEqual([]);
  expect(config!.notify.alertmanager).toEqual([
    {
      name: 'main',
      urls: ['http://am-0:9093', 'https://me:p4ssword@am-1/path'],
      username: 'ann',
      password: 'from-file',
      token: null,
      labels: { team: 'ml' },
      link: 'https://grafana.example/d/t?var-service={{ service }}',
      resendMs: 30_000,
      timeoutMs: 3_000,
    },
    {
      name: 'other',
      urls: ['http://localhost:9093'],
      username: '',
      password: '',
      token: 't0ken',
      labels: {},
      link: null,
      resendMs: 60_000,
      timeoutMs: 10_000,
    },
  ]);
  expect(JSON.stringify(redact(config!))).not.toMatch(/p4ssword|t0ken|from-file/);
  const hide = secretFilter(config);
  expect(hide('p4ssword t0ken from-file main')).toBe('*** *** *** main');
});

const am = (more: string): string => `notify: { alertmanager: [{ name: a, url: "http://h:1", ${more} }] }`;

test.each([
  ['notify: { alertmanager: [{ name: A, url: "http://h" }] }', 'name', 'a name of a-z'],
  ['notify: { alertmanager: [{ name: a }] }', 'url', 'a URL such as'],
  ['notify: { alertmanager: [{ name: a, url: [] }] }', 'url', '>= 1'],
  ['notify: { alertmanager: [{ name: a, url: "http://h:x" }] }', 'url', 'not a URL'],
  ['notify: { alertmanager: [{ name: a, url: "http://h/api/v2/alerts" }] }', 'url', 'without /api/v2/alerts'],
  ['notify: { alertmanager: [{ name: a, url: [h] }] }', 'url[0]', 'a URL such as'],
  [am('resend: 1d'), 'resend', 'between 1s and 1h'],
  [am('timeout: 1h'), 'timeout', 'at most 10m'],
  [am('labels: { severity: x }'), 'labels.severity', 'does not set itself'],
  [am('labels: { "a-b": x }'), 'labels.a-b', 'a name of a label'],
  [am('password: x'), 'password', 'needs username'],
  [am('username: x'), '', 'missing password or password_file'],
  [am('username: x, password: y, token: z'), 'username', 'found with a token'],
  [am('token_file: nowhere'), 'token_file', 'no such file'],
  [am('password_file: empty, username: x'), 'password_file', 'the file is empty'],
  [am('link: "grafana/{{service}}"'), 'link', 'a URL such as'],
  [am('link: "http://g/{{servce}}"'), 'link', "did you mean 'service'?"],
  [am('link: "http://g/{{constructor}}"'), 'link', 'unknown placeholder {{constructor}}'],
  [am('link: "http://g/{{service}"'), 'link', 'a placeholder is written {{word}}'],
  [am('tokn: x'), 'tokn', "did you mean 'token'?"],
])('finds the fault in %s', (text, key, message) => {
  const { problems } = read(text);
  expect(problems).toHaveLength(1);
  expect(problems[0]!.key).toBe(`notify.alertmanager[0]${key === '' ? '' : `.${key}`}`);
  expect(problems[0]!.line).toBe(1);
  expect(problems[0]!.message).toContain(message);
});

test('two of one name would share their offsets', () => {
  const { problems } = read(
    'notify:\n  alertmanager:\n    - { name: a, url: "http://h" }\n    - { name: a, url: "http://i" }\n',
  );
  expect(problems).toMatchObject([{ key: 'notify.alertmanager[1].name', line: 4 }]);
});

test.each([
  'notify: "hush"',
  'notify: { alertmanager: "http://h/hush" }',
  'notify: { alertmanager: ["http://h/hush"] }',
  'notify: { alertmanager: [{ name: a, url: "http://me:hush@h:x" }] }',
  'notify: { alertmanager: [{ name: a, url: "http://h", token: [hush] }] }',
  'notify: { alertmanager: [{ name: a, url: "http://h", bearer: hush }] }',
])('shows nothing secret of %s', (text) => {
  const { problems } = read(text);
  expect(problems.length).toBeGreaterThan(0);
  expect(JSON.stringify(problems)).not.toContain('hush');
});
