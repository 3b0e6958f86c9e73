import { expect, test } from 'vitest';
import { readDaemon } from '../../src/config/daemon.ts';
import { redact, secretFilter } from '../../src/config/redact.ts';
import type { ConfigProblem, DaemonConfig } from '../../src/config/types.ts';

const HOOK = 'https://hooks.slack.com/services/T000/B000/Xhush';
const files: Record<string, string> = {
  '/etc/key': 'from-file\n',
  '/etc/empty': '\n',
  '/etc/hook': `${HOOK}\n`,
  '/etc/nohook': 'hush hush\n',
};

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
  expect(read('').config!.notify).toEqual({ alertmanager: [], slack: [], pagerduty: [] });
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

test('Slack and PagerDuty, with everything and with their defaults', () => {
  const { config, problems } = read(
    `notify:
  slack:
    - { name: oncall, on: alerts, url_file: hook, level: critical, template: "{{level}} {{ reason }}", link: "http://g/{{rule}}", timeout: 3s }
    - { name: all, url: "$\{HOOK}" }
  pagerduty:
    - { name: page, routing_key_file: key, level: critical, template: "{{summary}} {{muted}}", link: "http://g/{{inputs}}" }
    - { name: other, routing_key: "$\{KEY}", url: "http://localhost:9/v2/enqueue/", template: "{{service}}" }
`,
    { HOOK, KEY: 'R0UT1NG' },
  );
  expect(problems).toEqual([]);
  const plain = { on: 'incidents', level: 'warning', template: null, link: null, timeoutMs: 10_000 };
  expect(config!.notify.slack).toEqual([
    {
      name: 'oncall',
      url: HOOK,
      on: 'alerts',
      level: 'critical',
      template: '{{level}} {{ reason }}',
      link: 'http://g/{{rule}}',
      timeoutMs: 3_000,
    },
    { ...plain, name: 'all', url: HOOK },
  ]);
  const url = 'https://events.pagerduty.com/v2/enqueue';
  expect(config!.notify.pagerduty).toEqual([
    {
      ...plain,
      name: 'page',
      routingKey: 'from-file',
      url,
      level: 'critical',
      template: '{{summary}} {{muted}}',
      link: 'http://g/{{inputs}}',
    },
    {
      ...plain,
      name: 'other',
      routingKey: 'R0UT1NG',
      url: 'http://localhost:9/v2/enqueue',
      template: '{{service}}',
    },
  ]);
  const shown = redact(config!);
  expect(JSON.stringify(shown)).not.toMatch(/T000|Xhush|from-file|R0UT1NG/);
  expect(shown.notify.slack[0]).toMatchObject({ name: 'oncall', url: 'https://hooks.slack.com/***' });
  expect(shown.notify.slack[0]).not.toHaveProperty('headers');
  expect(shown.notify.pagerduty[1]).toMatchObject({
    url: 'http://localhost:9/v2/enqueue',
    routingKey: '***',
  });
  const hide = secretFilter(config);
  expect(hide(`POST ${HOOK} R0UT1NG from-file`)).toBe('POST https://hooks.slack.com/*** *** ***');
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
  [am('link: "http://g/{{summary}}"'), 'link', 'unknown placeholder {{summary}}'],
  [am('link: "http://g/{{service}"'), 'link', 'a placeholder is written {{word}}'],
  [am('tokn: x'), 'tokn', "did you mean 'token'?"],
])('finds the fault in %s', (text, key, message) => {
  const { problems } = read(text);
  expect(problems).toHaveLength(1);
  expect(problems[0]!.key).toBe(`notify.alertmanager[0]${key === '' ? '' : `.${key}`}`);
  expect(problems[0]!.line).toBe(1);
  expect(problems[0]!.message).toContain(message);
});

const slack = (more: string): string => `notify: { slack: [{ name: a, ${more} }] }`;
const pager = (more: string): string => `notify: { pagerduty: [{ name: a, ${more} }] }`;

test.each([
  [slack('level: critical'), 'slack[0]', 'missing url or url_file'],
  [slack('url: "http://h", url_file: hook'), 'slack[0].url_file', 'allowed: one of them'],
  [slack('url_file: nohook'), 'slack[0].url_file', 'not an http or https URL'],
  [slack('url: "ftp://hush"'), 'slack[0].url', 'not an http or https URL'],
  [slack('url: "http://h", level: fatal'), 'slack[0].level', 'allowed: info, warning, critical'],
  [slack('url: "http://h", template: "{{reasn}}"'), 'slack[0].template', "did you mean 'reason'?"],
  [
    slack('url: "http://h", template: "{{metric}}"'),
    'slack[0].template',
    "{{metric}} is said of alerts, and this receiver is told of incidents; write 'on: alerts' or another placeholder",
  ],
  [
    slack('url: "http://h", on: alerts, link: "http://g/{{inputs}}"'),
    'slack[0].link',
    "{{inputs}} is said of incidents, and this receiver is told of alerts; write 'on: incidents'",
  ],
  [slack('url: "http://h", template: "{{rule}}"'), 'slack[0].template', "did you mean 'rules'?"],
  [slack('url: "http://h", on: alarms'), 'slack[0].on', 'allowed: incidents, alerts'],
  [slack('url: "http://h", template: ""'), 'slack[0].template', 'text that is not empty'],
  [slack('url: "http://h", tempate: x'), 'slack[0].tempate', "did you mean 'template'?"],
  [pager('level: critical'), 'pagerduty[0]', 'missing routing_key or routing_key_file'],
  [
    pager('routing_key: hush, routing_key_file: key'),
    'pagerduty[0].routing_key_file',
    'allowed: one of them',
  ],
  [pager('routing_key: hush, url: "http://h:x"'), 'pagerduty[0].url', 'not an http or https URL'],
  [pager('routing_key: hush, template: "{{ level }"'), 'pagerduty[0].template', 'is written {{word}}'],
  ['notify: { slak: [] }', 'slak', "did you mean 'slack'?"],
])('finds the fault in %s', (text, key, message) => {
  const { problems } = read(text);
  expect(problems).toHaveLength(1);
  expect(problems[0]!.key).toBe(`notify.${key}`);
  expect(problems[0]!.message).toContain(message);
  expect(JSON.stringify(problems)).not.toContain('hush');
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
  'notify: { slack: "http://h/hush" }',
  'notify: { slack: [{ name: a, url: ["http://h/hush"] }] }',
  'notify: { slack: [{ name: a, url: "hush" }] }',
  'notify: { pagerduty: [{ name: a, routing_key: [hush] }] }',
  'notify: { pagerduty: [hush] }',
])('shows nothing secret of %s', (text) => {
  const { problems } = read(text);
  expect(problems.length).toBeGreaterThan(0);
  expect(JSON.stringify(problems)).not.toContain('hush');
});
