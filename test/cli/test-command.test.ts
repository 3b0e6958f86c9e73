/** `telltale test` over the tests of this repository, which must fail when a rule is changed; and what it prints and writes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { junitXml } from '../../src/cli/test/junit.ts';
import { linesOf } from '../../src/cli/test/report.ts';
import { wiring } from '../../src/cli/wiring.ts';
import { fakeWiring, folder, telltale } from './support.ts';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const CONFIG = new URL('../../config', import.meta.url).pathname;
const FRAUD = read('config/services/fraud.yaml');
/** A service names models that must be there; nobody opens them. */
const MODELS = { 'models/fraud-mlp.onnx': '', 'models/fraud-forest.onnx': '', 'models/fraud-boost.onnx': '' };

const run = async (args: string[], registries = wiring.registries) =>
  telltale(args, fakeWiring({ registries }));
const failedIn = (out: string): string[] =>
  [...out.matchAll(/^FAIL {2}.*?\.yaml: (.*)$/gm)].map(([, name]) => name!);

describe('the tests of the rules of config', () => {
  it('pass, and feed every rule', async () => {
    const { code, out, err } = await run(['--config', CONFIG, 'test']);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/\n(\d+) tests in 3 files: \1 passed, 0 failed\n$/);
  });

  const changed = (
    file: 'alarms' | 'fraud' | 'incidents',
    from: string,
    to: string,
  ): Record<string, string> => {
    const [path, text] =
      file === 'fraud'
        ? ['services/fraud.yaml', FRAUD]
        : [`tests/${file}.yaml`, read(`config/tests/${file}.yaml`)];
    expect(text.split(from)).toHaveLength(2);
    return {
      'config/services/fraud.yaml': FRAUD,
      [`config/tests/${file}.yaml`]: read(`config/tests/${file}.yaml`),
      ...MODELS,
      [`config/${path}`]: text.replace(from, to),
    };
  };

  it.each<['alarms' | 'fraud' | 'incidents', string, string, string[]]>([
    ['alarms', '    reset: { info: "< 50", warning: "< 60", critical: "< 70" }\n', '', ['reset: ']],
    ['alarms', '    drop: staircase\n', '', ['staircase: ']],
    ['alarms', ', hits: 3 of 5', '', ['hits: ']],
    ['alarms', 'hits: 3 of 5', 'hits: 2 of 5', ['hits: ']],
    ['alarms', 'critical: "> 0.25", for: 2m', 'critical: "> 0.25"', ['for: ', 'for, raised']],
    ['alarms', ', keep_firing_for: 2m', '', ['keep_firing_for: ']],
    [
      'alarms',
      '    flapping: { history: 5, enter: 0.5, leave: 0.25 }\n',
      '',
      ['flapping: silent', 'flapping: what'],
    ],
    ['alarms', '    no_data: { policy: alarm, level: critical, for: 3m }\n', '', ['no_data: ']],
    ['alarms', '{ policy: alarm, level: critical, for: 3m }', '{ policy: alarm, for: 3m }', ['no_data: ']],
    ['alarms', '    no_data: { policy: ok, for: 3m }\n', '', ['no_data, policy ok']],
    ['alarms', 'versus: { ago: 3m }', 'versus: { ago: 2m }', ['versus: half', 'when: ']],
    ['alarms', 'segment: "*", as: difference', 'segment: "*"', ['versus: a segment']],
    ['alarms', 'long: 1h, short: 5m', 'long: 1h, short: 10m', ['burn: ']],
    ['alarms', 'for: 2m, keep_firing_for: 1m', 'keep_firing_for: 1m', ['when: ']],
    ['alarms', 'for: 2m, keep_firing_for: 1m', 'for: 2m', ['when: ']],
    [
      'fraud',
      'subject: amount, warning: "> 0.1", critical: "> 0.25", min_n: 500',
      'subject: amount, warning: "> 0.1", critical: "> 0.25", min_n: 400',
      ['a short spike'],
    ],
    [
      'fraud',
      'subject: age, warning: "> 0.1", critical: "> 0.25"',
      'subject: age, warning: "> 0.1", critical: "> 0.5"',
      ['younger customers'],
    ],
    ['fraud', 'critical: "< 0.9"', 'critical: "< 0.8"', ['answers that are wrong']],
    [
      'fraud',
      'subject: amount, warning: "> 0.1", critical: "> 0.25"',
      'subject: amount, no_data: { policy: ok, for: 30m }, warning: "> 0.1", critical: "> 0.25"',
      ['what fires goes on'],
    ],
    ['incidents', '  within: 5m\n', '  within: 5m\n  share_inputs: false\n', ['one cause']],
    ['incidents', '  group_interval: 5m\n', '  group_interval: 6m\n', ['one cause', 'inhibition']],
    ['incidents', '  repeat_interval: 30m\n', '', ['a higher level']],
    ['incidents', 'storm: 2 per 1h', 'storm: 3 per 1h', ['a storm']],
    ['incidents', 'target: { rule: slow }', 'target: { rule: missing }', ['inhibition', 'a reload']],
    ['incidents', 'timezone: Europe/Berlin', 'timezone: UTC', ['maintenance']],
    ['incidents', 'days: [mon]', 'days: [tue]', ['maintenance']],
    ['incidents', 'for: 1h, by: kim', 'for: 1m, by: kim', ['a silence: ']],
    ['incidents', 'expire_at: { at: 6m,', 'expire_at: { at: 7m,', ['a silence that']],
    ['incidents', 'incidents: { group_interval: 2m }', 'incidents: { group_interval: 4m }', ['a reload']],
  ])('of %s fail when a rule is changed: %s -> %s', async (file, from, to, names) => {
    const dir = folder(changed(file, from, to));
    const { code, out, err } = await run(['--config', join(dir, 'config'), 'test']);
    expect(err).toContain('error[tests_failed]');
    expect(code).toBe(1);
    const failed = failedIn(out);
    for (const name of names) expect(failed).toContainEqual(expect.stringContaining(name));
    expect(failed.length).toBe(names.length);
  });
});

describe('docs/rule-tests.md', () => {
  const [, yaml = '', said = ''] =
    /```yaml\n(.*?)```\n.*?```console\n\$ telltale test .*?\n(.*?)```/s.exec(read('docs/rule-tests.md')) ??
    [];

  const files = { 'config/services/fraud.yaml': FRAUD, ...MODELS };

  it('shows what its example prints', async () => {
    const dir = folder({ ...files, 'config/tests/drift.yaml': yaml });
    const { code, out, err } = await run(['--config', join(dir, 'config'), 'test']);
    expect(code).toBe(1);
    const at = err.indexOf('error[');
    expect(`${err.slice(0, at)}${out}${err.slice(at)}`.replaceAll(`${dir}/`, '')).toBe(said);
  });

  it('says what is wrong in it', async () => {
    expect(yaml.split('{ at: 50m,')).toHaveLength(2);
    const mended = yaml.replace('{ at: 50m,', '{ at: 55m,');
    const dir = folder({ ...files, 'config/tests/drift.yaml': mended });
    expect((await run(['--config', join(dir, 'config'), 'test'])).code).toBe(0);
  });

  it('shows a test of incidents, which passes, and fails without its silence', async () => {
    const [, own = ''] = /```yaml\n( {2}- name: a campaign.*?)```/s.exec(read('docs/rule-tests.md')) ?? [];
    const head = 'service: ../services/fraud.yaml\ntests:\n';
    const codeOf = async (text: string) => {
      const dir = folder({ ...files, 'config/tests/incidents.yaml': text });
      return (await run(['--config', join(dir, 'config'), 'test'])).code;
    };
    expect(await codeOf(head + own)).toBe(0);
    expect(await codeOf(head + own.replace(/^ *silence_at:.*\n/m, ''))).toBe(1);
  });

  it('names the keys of a test file', () => {
    const text = read('docs/rule-tests.md');
    for (const key of [
      'service',
      'rules',
      'windows',
      'tests',
      'name',
      'interval',
      'series',
      'reload_at',
      'restart_at',
      'expect',
      'records',
      'told',
      'start',
      'silence_at',
      'expire_at',
      'notifications',
      'muted',
      'muted_alarms',
      'storm',
      'onset',
      'opened',
      'summary',
      'since',
    ])
      expect(text).toContain(`\`${key}\``);
  });
});

const RULES = 'rules: [{ name: drift, metric: psi, warning: "> 0.1", critical: "> 0.25" }]\n';
const test = (name: string, level: string): string => `  - name: ${name}
    series: [{ metric: psi, subject: amount, values: 0.2 0 }]
    expect: [{ at: 1m, alarms: [{ rule: drift, state: firing, level: ${level} }] }]
`;
const MIXED = `${RULES}tests:\n${test('a calm one', 'warning')}${test('"<&> \\"odd\\""', 'critical')}`;
/** As it stands: `0x3` is a hexadecimal number to YAML. */
const HEX = `${RULES}tests:\n  - name: hex\n    series: [{ metric: psi, values: 0x3, n: 0x3 }]\n    expect: [{ at: 4m, alarms: [] }]\n`;

describe('telltale test prints', () => {
  it('a line a test, differences side by side, and a summary', async () => {
    const dir = folder({
      'tests/a.yaml': MIXED,
      'tests/b.yml': `${RULES}tests:\n${test('of b', 'warning')}`,
    });
    const { code, out, err } = await run(['test', `${dir}/tests/b.yml`, `${dir}/tests/a.yaml`]);
    expect(code).toBe(1);
    expect(out.replaceAll(`${dir}/`, '')).toBe(`ok  tests/b.yml: of b
ok  tests/a.yaml: a calm one
FAIL  tests/a.yaml: <&> "odd"
  line 8: alarms at 1m
                 expected  found
      rule       drift     drift
      state      firing    firing
    ! level      critical  warning
3 tests in 2 files: 2 passed, 1 failed
`);
    expect(err).toBe(
      'error[tests_failed] 1 of 3 tests failed\n  help: Each test that failed is listed with what was expected and what was found.\n',
    );
  });

  it('what the filter leaves, of the folder of the configuration', async () => {
    const dir = folder({ 'tests/a.yaml': MIXED });
    const { code, out } = await run(['--config', dir, 'test', '--filter', 'calm']);
    expect([code, out.split('\n').slice(1)]).toEqual([0, ['1 test in 1 file: 1 passed, 0 failed', '']]);
  });

  it('JSON', async () => {
    const dir = folder({ 'tests/a.yaml': MIXED });
    const found = await run(['--config', dir, '--json', 'test']);
    expect([found.code, found.err]).toEqual([1, '']);
    expect(JSON.parse(found.out)).toMatchObject({
      ok: false,
      error: 'tests_failed',
      tests: 2,
      passed: 1,
      failed: 1,
      warnings: [],
      files: [
        {
          file: join(dir, 'tests/a.yaml'),
          tests: [
            { name: 'a calm one', line: 3, ok: true, differences: [] },
            {
              ok: false,
              differences: [
                {
                  kind: 'alarms',
                  line: 8,
                  atMs: 60_000,
                  expected: { level: 'critical' },
                  found: { level: 'warning' },
                },
              ],
            },
          ],
        },
      ],
    });
    const good = await run(['--config', dir, '--json', 'test', '--filter', 'calm']);
    expect([good.code, JSON.parse(good.out)]).toMatchObject([0, { ok: true, tests: 1, failed: 0 }]);
  });

  it('four windows for 0x3, although YAML takes it for a number', async () => {
    const { code, err } = await run(['test', join(folder({ 'a.yaml': HEX }), 'a.yaml')]);
    expect([code, err]).toEqual([0, expect.stringMatching(/min_n of the rule drift \(30\)/)]);
  });

  it('help with examples', async () => {
    const { out, code } = await run(['test', '--help']);
    expect(code).toBe(0);
    expect(out).toContain('Examples:\n  $ telltale test\n');
  });

  it('within the width of the terminal, and what is missing or too much', () => {
    const reason = 'psi of amount is 0.12, beyond warning > 0.1 for 10m (1,000 rows)';
    const at = { kind: 'records', line: 7, atMs: null } as const;
    const entry = { at: 5_400_000, rule: 'drift', subject: '', segment: '*', value: null, since: 0, reason };
    const width = 60;
    const both = linesOf({ ...at, expected: { ...entry, reason: '' }, found: entry }, width);
    expect(both.every((line) => line.length <= width)).toBe(true);
    expect(both.join('\n')).toBe(`  line 7: records
                 expected  found
      at         90m       90m
      rule       drift     drift
      subject    ''        ''
      segment    *         *
      value      null      null
      since      0m        0m
    ! reason     ''        psi of amount is
                           0.12, beyond warning
                           > 0.1 for 10m (1,000
                           rows)`);
    const extra = linesOf(
      { ...at, expected: null, found: { rule: 'drift', subject: '', segment: '*', n: 3 } },
      width,
    );
    expect(extra.slice(1)).toEqual([
      '                 expected  found',
      '                 nothing',
      '    ! rule                 drift',
      '    ! n                    3',
    ]);
    const missing = linesOf({ ...at, expected: { rule: 'drift' }, found: null }, 10);
    expect(missing.slice(1)).toEqual([
      '                 expected  found',
      '                           nothing',
      '    ! rule       drift',
    ]);
  });
});

describe('telltale test --junit', () => {
  it('writes what failed, with all that XML forbids escaped', async () => {
    const dir = folder({ 'tests/a.yaml': MIXED });
    const file = join(dir, 'out/rules.xml');
    const { code } = await run(['--config', dir, 'test', '--junit', file]);
    expect(code).toBe(1);
    const xml = readFileSync(file, 'utf8')
      .replaceAll(`${dir}/`, '')
      .replace(/time="\d+\.\d{3}"/g, 'time="0"');
    expect(xml).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="telltale test" tests="2" failures="1" errors="0" skipped="0" time="0">
  <testsuite name="tests/a.yaml" tests="2" failures="1" errors="0" skipped="0" time="0">
    <testcase name="a calm one" classname="tests/a.yaml" file="tests/a.yaml" line="3" time="0"/>
    <testcase name="&lt;&amp;&gt; &quot;odd&quot;" classname="tests/a.yaml" file="tests/a.yaml" line="6" time="0">
      <failure message="1 difference between what is expected and found">  line 8: alarms at 1m&#10;                 expected  found&#10;      rule       drift     drift&#10;      state      firing    firing&#10;    ! level      critical  warning</failure>
    </testcase>
  </testsuite>
</testsuites>
`);
  });

  it('writes files that are wrong as errors', async () => {
    const dir = folder({ 'tests/a.yaml': 'tests: []\n' });
    const file = join(dir, 'rules.xml');
    const { code } = await run(['--config', dir, 'test', '--junit', file]);
    expect(code).toBe(2);
    const xml = readFileSync(file, 'utf8');
    expect(xml).toContain('errors="2"');
    expect(xml).toContain('<error message="the file has no tests; `telltale test --help` shows one"/>');
  });

  it('says where it cannot be written', async () => {
    const dir = folder({ 'tests/a.yaml': MIXED, x: '' });
    const { code, err } = await run(['--config', dir, 'test', '--junit', join(dir, 'x/rules.xml')]);
    expect([code, err]).toEqual([1, expect.stringContaining('error[file_unreadable] cannot write to ')]);
  });

  it('replaces what XML cannot hold', () => {
    const xml = junitXml([
      {
        file: 'a',
        cases: [{ name: 'x\u0000\ud800\u000b\uffff\u{1f600}', line: 1, seconds: 0, failure: null }],
        problems: [],
      },
    ]);
    expect(xml).toContain('name="x\ufffd\ufffd\ufffd\ufffd\u{1f600}"');
  });
});
