/** What `telltale test` says of files that are wrong, and of what of them can hardly be meant. */
import { chmodSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { wiring } from '../../src/cli/wiring.ts';
import { fakeWiring, folder, telltale } from './support.ts';

const SERVICE = `service: shop
streams: { requests: { topic: shop.requests } }
inputs:
  amount: { type: numeric }
  age: { type: numeric }
  country: { type: categorical, categories: [de, fr] }
segments: [[country]]
windows: { size: 10m, hop: 5m }
rules:
  - { name: amount-drift, metric: psi, subject: amount, warning: "> 0.1", critical: "> 0.25", min_n: 500 }
`;
const RULE = '{ name: drift, metric: psi, subject: amount, warning: "> 0.1" }';

const run = async (text: string, more: Record<string, string> = {}, args: string[] = []) => {
  const dir = folder({ 'tests/a.yaml': text, 'services/shop.yaml': SERVICE, ...more });
  const found = await telltale(
    ['--config', dir, 'test', ...args],
    fakeWiring({ registries: wiring.registries }),
  );
  return { ...found, err: found.err.replaceAll(`${dir}/`, ''), out: found.out.replaceAll(`${dir}/`, '') };
};

/** A whole test around some lines of it; they begin in line 4 of the file. */
const testOf = (lines: string): string => `service: ../services/shop.yaml
tests:
  - name: one
${lines.replace(/^/gm, '    ')}
`;
const SERIES = 'series: [{ metric: psi, subject: amount, values: 0x3 }]';
const RECORDS = 'records: []';

describe('telltale test, of files that are wrong', () => {
  it.each<[string, string, string]>([
    ['an empty file', '', '1:1  tests: the file has no tests; `telltale test --help` shows one'],
    ['no tests', 'service: ../services/shop.yaml\n', '1:1  tests: the file has no tests;'],
    ['an empty list', 'service: ../services/shop.yaml\ntests: []\n', '2:1  tests: the file has no tests;'],
    ['a key without them', `rules: [${RULE}]\ntests:\n`, '2:1  tests: the file has no tests;'],
    ['a list', '[1]\n', '1:1  found a list, allowed: a mapping'],
    ['broken YAML', 'tests: [\n', 'not readable as YAML'],
    [
      'nothing under test',
      `tests: [{ name: x, ${SERIES}, ${RECORDS} }]\n`,
      '1:1  what is under test? Give a service file',
    ],
    [
      'two under test',
      `service: a.yaml\nrules: []\ntests: [{ name: x, ${SERIES}, ${RECORDS} }]\n`,
      '2:1  rules: a file tests the rules of a service or its own, not both',
    ],
    [
      'windows of a service',
      `service: ../services/shop.yaml\nwindows: {}\ntests: [{ name: x, ${SERIES}, ${RECORDS} }]\n`,
      '2:1  windows: windows go with rules of the test file',
    ],
    [
      'a hop that does not fit',
      `rules: [${RULE}]\nwindows: { size: 5m, hop: 2m }\ntests: [{ name: x, ${SERIES}, ${RECORDS} }]\n`,
      '2:22  windows.hop: the size of 5m is not a multiple of the hop of 2m',
    ],
    [
      'a service that is not there',
      `service: ../services/shp.yaml\ntests: [{ name: x, ${SERIES}, ${RECORDS} }]\n`,
      "1:1  service: no such file: services/shp.yaml (paths are relative to the test file); did you mean 'shop.yaml'?",
    ],
    [
      'a rule with a wrong key',
      `rules: [{ name: drift, metric: psi, warnin: "> 1" }]\ntests: [{ name: x, ${SERIES}, ${RECORDS} }]\n`,
      "rules[0].warnin: unknown key 'warnin', allowed:",
    ],
    [
      'a rule with a wrong metric',
      `rules: [{ name: drift, metric: psy, warning: "> 1" }]\ntests: [{ name: x, ${SERIES}, ${RECORDS} }]\n`,
      "did you mean 'psi'?",
    ],
    [
      'rules that make no sense',
      `rules: [{ name: drift, metric: psi, warning: "> 1", critical: "< 2" }]\ntests: [{ name: x, ${SERIES}, ${RECORDS} }]\n`,
      "rules[0].critical: found '< 2', which looks the other way",
    ],
    [
      'an unknown key of a test',
      testOf(`serie: []\n${SERIES}\n${RECORDS}`),
      "4:5  tests[0].serie: unknown key 'serie', allowed: name, start, interval, series, reload_at, restart_at, silence_at, expire_at, expect, records, notifications; did you mean 'series'?",
    ],
    [
      'an unknown key of an alarm',
      testOf(`${SERIES}\nexpect: [{ at: 5m, alarms: [{ rule: amount-drift, state: firing, levle: info }] }]`),
      "5:70  tests[0].expect[0].alarms[0].levle: unknown key 'levle', allowed: rule, metric, subject, model, segment, state, level, told, muted; did you mean 'level'?",
    ],
    [
      'an unknown state',
      testOf(`${SERIES}\nexpect: [{ at: 5m, alarms: [{ rule: amount-drift, state: ok }] }]`),
      "tests[0].expect[0].alarms[0].state: found 'ok', allowed: pending, firing, no-data",
    ],
    [
      'a time without a unit',
      testOf(`${SERIES}\nexpect: [{ at: 5, alarms: [] }]`),
      '5:16  tests[0].expect[0].at: found 5, allowed: a duration such as',
    ],
    [
      'no series',
      testOf(`series: []\n${RECORDS}`),
      'tests[0].series: found a list, allowed: a list of at least one series',
    ],
    [
      'no values',
      testOf(`series: [{ metric: psi }]\n${RECORDS}`),
      "tests[0].series[0].values: missing, allowed: values such as '0.02x3",
    ],
    [
      'nothing expected',
      testOf(SERIES),
      '3:5  tests[0]: nothing is expected; give expect, records or notifications',
    ],
    [
      'a name twice',
      `${testOf(`${SERIES}\n${RECORDS}`)}  - { name: one, ${SERIES}, ${RECORDS} }\n`,
      '6:7  tests[1].name: the name is already that of tests[0]',
    ],
    [
      'values',
      testOf(`series: [{ metric: psi, subject: amount, values: '0,1' }]\n${RECORDS}`),
      "tests[0].series[0].values: found '0,1'; values have blanks between them",
    ],
    [
      'a series twice',
      testOf(
        `series: [{ metric: psi, subject: amount, values: 0 }, { metric: psi, subject: amount, values: 1 }]\n${RECORDS}`,
      ),
      'tests[0].series[1]: the same metric, subject, model and segment as series[0]',
    ],
    ['an unknown metric', testOf(`series: [{ metric: pis, values: 0 }]\n${RECORDS}`), "did you mean 'psi'?"],
    [
      'an unknown subject',
      testOf(`series: [{ metric: psi, subject: amuont, values: 0 }]\n${RECORDS}`),
      "4:29  tests[0].series[0].subject: found 'amuont', allowed: amount, age, country; did you mean 'amount'?",
    ],
    [
      'an unknown model',
      testOf(`series: [{ metric: psi, subject: amount, model: mlp, values: 0 }]\n${RECORDS}`),
      "tests[0].series[0].model: found 'mlp'",
    ],
    [
      'a wrong segment',
      testOf(`series: [{ metric: psi, subject: amount, segment: country=gb, values: 0 }]\n${RECORDS}`),
      "tests[0].series[0].segment: found the category 'gb' of country, allowed: de, fr",
    ],
    [
      'each segment',
      testOf(`series: [{ metric: psi, subject: amount, segment: each, values: 0 }]\n${RECORDS}`),
      "tests[0].series[0].segment: found 'each', but a series is of one segment",
    ],
    [
      'n that is too short',
      testOf(`series: [{ metric: psi, subject: amount, values: 0x3, n: 5x2 }]\n${RECORDS}`),
      'tests[0].series[0].n: n has 3 windows, and values 4; one number holds for all',
    ],
    [
      'n that is no count',
      testOf(`series: [{ metric: psi, subject: amount, values: 0x2, n: 5 _ 1.5 }]\n${RECORDS}`),
      'tests[0].series[0].n: found _ for window 2, which has a result; allowed: whole numbers from 0',
    ],
    [
      'n that is no number',
      testOf(`series: [{ metric: psi, subject: amount, values: 0x2, n: many }]\n${RECORDS}`),
      "tests[0].series[0].n: found 'many', allowed: 0.1,",
    ],
    [
      'an interval between windows',
      testOf(`interval: 7m\n${SERIES}\n${RECORDS}`),
      '4:5  tests[0].interval: found 7m, allowed: multiples of the hop of the windows, 5m',
    ],
    [
      'an unknown rule',
      testOf(`${SERIES}\nexpect: [{ at: 10m, alarms: [{ rule: amont-drift, state: firing }] }]`),
      "tests[0].expect[0].alarms[0].rule: found the rule 'amont-drift', allowed: amount-drift; did you mean 'amount-drift'?",
    ],
    [
      'an unknown rule of a record',
      testOf(`${SERIES}\nrecords: [{ at: 10m, rule: amont-drift, state: firing }]`),
      "tests[0].records[0].rule: found the rule 'amont-drift'",
    ],
    [
      'a look after the end',
      testOf(`${SERIES}\nexpect: [{ at: 36m, alarms: [] }]`),
      'tests[0].expect[0].at: 36m lies after the last value, whose window ends at 25m; if nothing comes until then, add _x3 to the values',
    ],
    [
      'a record after the end',
      testOf(`${SERIES}\nrecords: [{ at: 1h, rule: amount-drift, state: firing }]`),
      'tests[0].records[0].at: 1h lies after the last value',
    ],
    [
      'a restart after the end',
      testOf(`${SERIES}\nrestart_at: [30m]\n${RECORDS}`),
      'tests[0].restart_at[0]: 30m lies after the last value',
    ],
    [
      'a restart at no time',
      testOf(`${SERIES}\nrestart_at: [never]\n${RECORDS}`),
      "tests[0].restart_at[0]: found 'never', allowed: times such as 10m, or 'every'",
    ],
    [
      'a reload after the end',
      testOf(`${SERIES}\nreload_at: { 30m: ../services/shop.yaml }\n${RECORDS}`),
      'tests[0].reload_at.30m: 30m lies after the last value',
    ],
    [
      'a reload at no time',
      testOf(`${SERIES}\nreload_at: { soon: ../services/shop.yaml }\n${RECORDS}`),
      "found the name 'soon', allowed: a time such as 30m",
    ],
    [
      'a reload of nothing',
      testOf(`${SERIES}\nreload_at: { 5m: ../services/shops.yaml }\n${RECORDS}`),
      "tests[0].reload_at.5m: no such file: services/shops.yaml (paths are relative to the test file); did you mean 'shop.yaml'?",
    ],
    [
      'a reload of rules with faults',
      testOf(
        `${SERIES}\nreload_at:\n  5m:\n    rules:\n      - { name: x, metric: psi, subject: amout, warning: "> 1" }\n${RECORDS}`,
      ),
      "8:37  tests[0].reload_at.5m.rules[0].subject: found 'amout', allowed: *, amount, age, country; did you mean 'amount'?",
    ],
    [
      'a time at which nothing is expected',
      testOf(`${SERIES}\nexpect: [{ at: 10m }]`),
      '5:14  tests[0].expect[0]: nothing is expected at this time; give alarms or incidents',
    ],
    [
      'incidents beside a service',
      `service: ../services/shop.yaml\nincidents: {}\ntests: [{ name: x, ${SERIES}, ${RECORDS} }]\n`,
      '2:1  incidents: incidents go with rules of the test file; a service has its own',
    ],
    [
      'incidents that name no rule',
      `rules: [${RULE}]\nincidents: { maintenance: [{ name: x, from: "22:00", to: "23:00", match: { rule: drfit } }] }\ntests: [{ name: x, ${SERIES}, ${RECORDS} }]\n`,
      "incidents.maintenance[0].match.rule: found the rule 'drfit', allowed: drift; did you mean 'drift'?",
    ],
    [
      'incidents of a reload that name no rule',
      testOf(
        `${SERIES}\nreload_at:\n  5m:\n    rules: [{ name: x, metric: psi, subject: amount, warning: "> 1" }]\n    incidents: { inhibit: [{ source: { rule: x }, target: { rule: amount-drift } }] }\n${RECORDS}`,
      ),
      "tests[0].reload_at.5m.incidents.inhibit[0].target.rule: found the rule 'amount-drift', allowed: x",
    ],
    [
      'an unknown rule of an incident',
      testOf(`${SERIES}\nexpect: [{ at: 10m, incidents: [{ rules: [amont-drift] }] }]`),
      "tests[0].expect[0].incidents[0].rules[0]: found the rule 'amont-drift', allowed: amount-drift; did you mean 'amount-drift'?",
    ],
    [
      'an unknown reason of a notification',
      testOf(`${SERIES}\nnotifications: [{ at: 10m, notify: first }]`),
      "tests[0].notifications[0].notify: found 'first', allowed: first_notification, new_alerts_in_group,",
    ],
    [
      'a notification after the end',
      testOf(`${SERIES}\nnotifications: [{ at: 1h, notify: raised }]`),
      'tests[0].notifications[0].at: 1h lies after the last value',
    ],
    [
      'a silence without a match',
      testOf(`${SERIES}\nsilence_at: { at: 5m, for: 1h }\n${RECORDS}`),
      'tests[0].silence_at.match: missing',
    ],
    [
      'a silence of no rule',
      testOf(
        `${SERIES}\nsilence_at: [{ at: 5m, match: { rule: [amount-drfit, "x*"] }, for: 1h }]\n${RECORDS}`,
      ),
      "tests[0].silence_at[0].match.rule[0]: found the rule 'amount-drfit', allowed: amount-drift; did you mean 'amount-drift'?",
    ],
    [
      'a silence after the end',
      testOf(`${SERIES}\nsilence_at: { at: 1h, match: { rule: amount-drift }, for: 1h }\n${RECORDS}`),
      '1h lies after the last value',
    ],
    [
      'an id of a silence twice',
      testOf(
        `${SERIES}\nsilence_at:\n${'  - { at: 5m, id: x, match: { rule: amount-drift }, for: 1h }\n'.repeat(2)}${RECORDS}`,
      ),
      "tests[0].silence_at[1].id: the id 'x' is already that of another silence",
    ],
    [
      'the end of a silence that is not there',
      testOf(
        `${SERIES}\nsilence_at: [{ at: 5m, id: campaign, match: { rule: amount-drift }, for: 1h }]\nexpire_at: [{ at: 10m, id: campain }]\n${RECORDS}`,
      ),
      "tests[0].expire_at[0]: found the silence 'campain', allowed: campaign; did you mean 'campaign'?",
    ],
    [
      'the end of a silence that is over',
      testOf(
        `${SERIES}\nsilence_at: [{ at: 5m, match: { rule: amount-drift }, for: 5m }]\nexpire_at: [10m]\n${RECORDS}`,
      ),
      'tests[0].expire_at[0]: no silence holds at 10m',
    ],
    [
      'a start between windows',
      testOf(`start: 2026-06-01T20:58Z\n${SERIES}\n${RECORDS}`),
      '4:5  tests[0].start: windows of a hop of 5m do not start then; allowed: its multiples since 1970-01-01T00:00Z',
    ],
    [
      'a start that is no time',
      testOf(`start: monday\n${SERIES}\n${RECORDS}`),
      "tests[0].start: found 'monday', allowed: a time such as",
    ],
    [
      'a reload with a wrong key',
      testOf(`${SERIES}\nreload_at: { 5m: { rule: [] } }\n${RECORDS}`),
      "tests[0].reload_at.5m.rule: unknown key 'rule'",
    ],
  ])('%s', async (_what, text, message) => {
    const { code, err, out } = await run(text);
    expect(err).toContain(message);
    expect(err).toMatch(/^tests\/a\.yaml:\d+:\d+ {2}/);
    expect([code, out]).toEqual([2, '']);
  });

  it('say no more than the cause', async () => {
    const { err } = await run('[1]\n');
    expect(err).toMatch(
      /^tests\/a\.yaml:1:1 {2}found a list, allowed: a mapping\nerror\[config_invalid\] 1 problem/,
    );
    expect((await run('text\n')).err).toContain(
      "found 'text', allowed: a mapping\nerror[config_invalid] 1 problem",
    );
  });

  it('of services that do not validate name their lines, once', async () => {
    const bad = { 'services/bad.yaml': SERVICE.replace('metric: psi', 'metric: psy') };
    const text = testOf(`${SERIES}\nreload_at: { 5m: ../services/bad.yaml }\n${RECORDS}`).replace(
      'shop.yaml',
      'bad.yaml',
    );
    const { code, err } = await run(text, { ...bad, 'tests/b.yaml': text });
    expect(code).toBe(2);
    expect(err.match(/^services\/bad\.yaml:10:27 {2}rules\[0\]\.metric: found 'psy', .*$/gm)).toHaveLength(1);
    expect(err).toContain(
      'tests/a.yaml:1:1  service: services/bad.yaml does not validate: 1 problem, listed with its lines',
    );
    expect(err).toContain('tests/b.yaml:1:1  service: services/bad.yaml does not validate');
  });

  it('of reloads that change what is under test', async () => {
    const to = (name: string) => testOf(`${SERIES}\nreload_at: { 5m: ../services/${name}.yaml }\n${RECORDS}`);
    const other = { 'services/other.yaml': SERVICE.replace('service: shop', 'service: other') };
    expect((await run(to('other'), other)).err).toContain(
      "tests[0].reload_at.5m: it is of the service 'other', and 'shop' is under test",
    );
    const wide = { 'services/wide.yaml': SERVICE.replace('size: 10m', 'size: 20m') };
    expect((await run(to('wide'), wide)).err).toContain(
      'tests[0].reload_at.5m: its windows (size 20m, hop 5m) are not those under test (size 10m, hop 5m)',
    );
  });

  it('of files that cannot be read', async () => {
    const { code, err } = await run(testOf(`${SERIES}\n${RECORDS}`), {}, ['gone.yaml', 'there.yaml']);
    expect(code).toBe(2);
    expect(err).toMatch(
      /^gone\.yaml:1:1 {2}cannot be read: ENOENT.*\nthere\.yaml:1:1 {2}cannot be read: ENOENT/,
    );
    const dir = folder({ 'services/shop.yaml/x': '' });
    chmodSync(dir, 0o755);
    const folderAsService = await run(testOf(`${SERIES}\n${RECORDS}`).replace('shop.yaml', ''));
    expect(folderAsService.err).toContain('service: cannot be read (EISDIR)');
  });

  it('of no files, and of a filter that leaves none', async () => {
    const none = await telltale(['--config', folder({}), 'test'], fakeWiring());
    expect([none.code, none.err]).toEqual([
      2,
      expect.stringMatching(/error\[usage\] no test files \(\*\.yaml\) in .*tests/),
    ]);
    const empty = folder({ 'sub/x.txt': '' });
    const inFolder = await telltale(['test', `${empty}/sub`], fakeWiring());
    expect([inFolder.code, inFolder.err]).toEqual([2, expect.stringContaining('no test files (*.yaml) in')]);
    const { code, err } = await run(testOf(`${SERIES}\n${RECORDS}`), {}, ['--filter', 'two']);
    expect([code, err]).toEqual([
      2,
      expect.stringContaining("no test has 'two' in its name; leave --filter away"),
    ]);
  });
});

describe('telltale test warns', () => {
  const warningsOf = async (text: string): Promise<string[]> => {
    const { err } = await run(text);
    return err.split('\n').filter((line) => line.startsWith('warning: '));
  };

  it('of a series that no rule watches, and of rules that none feeds', async () => {
    const series = 'series: [{ metric: psi, subject: age, segment: country=de, values: 0 }]';
    expect(await warningsOf(testOf(`${series}\n${RECORDS}`))).toEqual([
      'warning: tests/a.yaml:4: no rule watches this series, psi of age in country=de',
      'warning: services/shop.yaml: no test feeds the rule amount-drift',
    ]);
  });

  it('of no series that a rule compares with', async () => {
    const rules = 'rules: [{ name: worse, metric: psi, model: new, versus: { model: old }, warning: "> 1" }]';
    const of = (model: string) =>
      `${rules}\ntests:\n  - name: one\n    series:\n      - { metric: psi, model: new, values: 1 }\n      - { metric: psi, model: ${model}, values: 1 }\n    records: []\n`;
    expect(await warningsOf(of('old'))).toEqual([]);
    expect(await warningsOf(of('other'))).toEqual([
      'warning: tests/a.yaml:6: no rule watches this series, psi by other',
    ]);
  });

  it('of windows that are too small for a rule', async () => {
    const series = 'series: [{ metric: psi, subject: amount, values: 0x1 null, n: "499x1 500" }]';
    expect(await warningsOf(testOf(`${series}\n${RECORDS}`))).toEqual([
      'warning: services/shop.yaml: no test has a window with a value and the min_n of the rule amount-drift (500)',
    ]);
    expect(await warningsOf(testOf(`${series.replace('499', '500')}\n${RECORDS}`))).toEqual([]);
  });

  it('of an expectation that no series can bring about', async () => {
    const rules =
      'rules: [{ name: drift, metric: psi, warning: "> 0.1" }, { name: other, metric: mean, warning: "> 1" }]';
    const expected = (alarm: string) =>
      `${rules}\ntests:\n  - name: one\n    series: [{ metric: psi, subject: amount, values: 1 }]\n    expect:\n      - at: 1m\n        alarms:\n          - { ${alarm}, state: firing }\n`;
    const unfed = 'warning: tests/a.yaml: no test feeds the rule other';
    expect(await warningsOf(expected('rule: drift'))).toEqual([unfed]);
    expect(await warningsOf(expected('rule: other'))).toEqual([
      'warning: tests/a.yaml:8: no series of the test feeds the rule other',
      unfed,
    ]);
    expect(await warningsOf(expected('rule: drift, subject: amuont'))).toEqual([
      "warning: tests/a.yaml:8: no series feeds the rule drift with the subject 'amuont'; did you mean 'amount'?",
      unfed,
    ]);
  });
});
