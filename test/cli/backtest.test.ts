import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { wiring as realWiring } from '../../src/cli/wiring.ts';
import { housing } from '../../src/demo/stories/housing.ts';
import { at, backtest, HIGH, MINUTE_MS, START_MS, serviceOf, sides } from './backtest-support.ts';
import { folder, telltale } from './support.ts';

const jsonOf = async (files: Record<string, string>, args: string[] = []) => {
  const { out, code, err } = await backtest(files, [...args, '--json']);
  expect(err).toBe('');
  const json = JSON.parse(out);
  return { json, code, pump: json.services[0] };
};
const times = (list: { from: string }[]): number[] =>
  list.map(({ from }) => (Date.parse(from) - START_MS) / MINUTE_MS);

describe('backtest', () => {
  test('the same configuration on both sides gives no difference', async () => {
    const { pump, code } = await jsonOf(sides([HIGH], [HIGH]));
    expect(code).toBe(0);
    expect(pump).toMatchObject({ service: 'pump', read: 480, parts: [], incidents: null });
    expect(pump.alarms).toMatchObject({ appear: [], disappear: [], moves: [] });
    expect(times(pump.alarms.stays)).toEqual([31, 61, 91]);
    expect(pump.retrains).toMatchObject({ appear: [], disappear: [], moves: [] });
    expect(pump.retrains.stays).toHaveLength(3);
    expect(pump.rules).toEqual([
      {
        rule: 'high',
        change: 'same',
        words: [],
        before: { alarms: 3, firingMs: 26 * MINUTE_MS },
        after: { alarms: 3, firingMs: 26 * MINUTE_MS },
      },
    ]);
    const text = await backtest(sides([HIGH], [HIGH]));
    expect(text.out).toContain('They are the same.');
    expect(text.out).toContain('No difference');
  });

  test('nor does one that says the same in another way, and is run by itself', async () => {
    // An option that changes nothing: the second side is run, and must say the same.
    const files = sides([HIGH], [HIGH.replace('min_n: 1', 'min_n: 2')]);
    const { pump } = await jsonOf(files);
    expect(pump.parts).toEqual(['rules']);
    expect(pump.rules[0]).toMatchObject({ change: 'changed', words: ['min_n 2 instead of 1'] });
    expect(pump.alarms).toMatchObject({ appear: [], disappear: [], moves: [] });
    expect(pump.alarms.stays).toHaveLength(3);
  });

  test('a rule that is added, and one that is removed', async () => {
    const low = "{ name: extreme, metric: mean, subject: x, critical: '> 170', min_n: 1 }";
    const { pump } = await jsonOf(sides([HIGH], [HIGH, low]));
    expect(pump.alarms).toMatchObject({
      appear: [
        {
          ...{ rule: 'extreme', metric: 'mean', subject: 'x', model: '', segment: '*', level: 'critical' },
          ...{ from: at(91), to: at(101), reason: 'mean of x is 180, beyond critical > 170 (4 rows)' },
        },
      ],
      disappear: [],
      moves: [],
    });
    expect(pump.rules.map(({ rule, change }: Record<string, string>) => [rule, change])).toEqual([
      ['high', 'same'],
      ['extreme', 'added'],
    ]);
    const { out } = await backtest(sides([HIGH, low], [HIGH]));
    expect(out).toMatch(/extreme +removed +1 +0 +10m +0s/);
    expect(out).toMatch(
      /Alarms that disappear\n\n.*\nextreme +mean of x +critical +.* removed +mean of x is 180/,
    );
    expect(out).toContain('3 alarms stay as before.');
  });

  test('a rule that is tightened, and one that is delayed by `for`', async () => {
    const loose = HIGH.replace('> 100', '> 130').replace('> 150', '> 190');
    const { pump } = await jsonOf(sides([HIGH], [loose]));
    expect(times(pump.alarms.disappear)).toEqual([31, 61]);
    expect(pump.alarms.moves).toMatchObject([
      { shiftMs: 0, changes: ['warning instead of critical'], after: { level: 'warning', from: at(91) } },
    ]);
    expect(times(pump.retrains.stays.map(({ at: from }: { at: string }) => ({ from })))).toEqual([91]);
    expect(pump.retrains.disappear).toHaveLength(2);
    const delayed = await jsonOf(sides([HIGH], [HIGH.replace('min_n', 'for: 5m, min_n')]));
    expect(times(delayed.pump.alarms.disappear)).toEqual([61]);
    expect(delayed.pump.alarms.moves).toMatchObject([
      {
        shiftMs: 5 * MINUTE_MS,
        changes: ['fires 5m later'],
        before: { from: at(31) },
        after: { from: at(36) },
      },
      { shiftMs: 5 * MINUTE_MS, before: { from: at(91) }, after: { from: at(96) } },
    ]);
    expect(delayed.pump.rules[0].words).toEqual(['for 5m instead of 0s']);
    expect(delayed.pump.retrains.moves).toMatchObject([
      { shiftMs: 5 * MINUTE_MS, changes: ['comes 5m later'] },
      { shiftMs: 5 * MINUTE_MS },
    ]);
  });

  test('incidents are found, missed and too late, and what else fires is false', async () => {
    const incidents = `- { service: pump, from: ${at(28)}, to: ${at(44)}, what: the valve }
- { service: pump, from: ${START_MS + 90 * MINUTE_MS}, to: ${at(100)}, what: the motor }
- { service: pump, from: ${at(-900)}, to: ${at(-800)}, what: long ago }
`;
    const files = { ...sides([HIGH], [HIGH.replace('> 100', '> 130').replace('min_n', 'for: 3m, min_n')]) };
    const args = ['--incidents', 'DIR/i.yaml', '--slack', '2m'];
    const { pump, json, code } = await jsonOf({ ...files, 'i.yaml': incidents }, args);
    expect(code).toBe(0);
    const { before, after, better, worse, unseen, slackMs } = pump.incidents;
    expect(slackMs).toBe(2 * MINUTE_MS);
    expect(before).toMatchObject({ found: 2, missed: 0 });
    expect(before.incidents).toMatchObject([
      { what: 'the valve', delayMs: 3 * MINUTE_MS, alarm: { rule: 'high' } },
      { what: 'the motor', delayMs: MINUTE_MS },
    ]);
    expect(times(before.falseAlarms)).toEqual([61]);
    // Of 120 minutes those of both incidents and their slacks are no calm time.
    expect(before.falsePer30d).toBeCloseTo((30 * 24 * 60) / (120 - 18 - 12), 9);
    expect(after).toMatchObject({ found: 1, missed: 1, falseAlarms: [], falsePer30d: 0 });
    expect(after.incidents).toMatchObject([{ alarm: null, delayMs: null }, { delayMs: 4 * MINUTE_MS }]);
    expect(better).toEqual({ incidents: 'current', delay: 'current', falseAlarms: 'candidate' });
    expect(worse).toEqual(["misses 'the valve', which the current one finds", "finds 'the motor' 3m later"]);
    expect(json.worse).toEqual(worse.map((point: string) => `pump: ${point}`));
    expect(unseen).toMatchObject([{ what: 'long ago' }]);
    const failed = await backtest({ ...files, 'i.yaml': incidents }, [...args, '--fail-on', 'worse']);
    expect(failed.code).toBe(1);
    expect(failed.out).toMatch(/the valve +.* after 3m by high +missed/);
    expect(failed.out).toMatch(/incidents found +2 of 2 +1 of 2 +before/);
    expect(failed.out).toContain('Outside of the data: long ago.');
    expect(failed.err).toMatch(/error\[candidate_worse\] the candidate is worse: pump: misses 'the valve'/);
    const program = await backtest({ ...files, 'i.yaml': incidents }, [
      ...args,
      '--fail-on',
      'worse',
      '--json',
    ]);
    expect(program.code).toBe(1);
    expect(JSON.parse(program.out)).toMatchObject({ ok: false, error: 'candidate_worse', worse: json.worse });
    // The other way round it is better; but it brings a false alarm.
    const swapped: Record<string, string> = {
      ...files,
      'old/services/pump.yaml': files['new/services/pump.yaml']!,
    };
    swapped['new/services/pump.yaml'] = files['old/services/pump.yaml']!;
    const back = await jsonOf({ ...swapped, 'i.yaml': incidents }, args);
    expect(back.json.worse).toEqual(['pump: has 1 false alarm instead of 0']);
  });

  test('an incident without an end goes on; one candidate that is as good does not fail', async () => {
    const incidents = `- { service: pump, from: ${at(30)}, what: everything }`;
    const files = { ...sides([HIGH], [HIGH.replace('> 150', '> 140')]), 'i.yaml': incidents };
    const args = ['--incidents', 'DIR/i.yaml', '--fail-on', 'worse'];
    const { pump, code } = await jsonOf(files, args);
    expect(code).toBe(0);
    expect(pump.incidents.before).toMatchObject({ found: 1, falseAlarms: [], falsePer30d: 0 });
    expect(pump.incidents.before.incidents[0]).toMatchObject({ to: null, delayMs: MINUTE_MS });
  });

  test('the file of one service is a candidate, and so is telltale.yaml', async () => {
    const files = sides([HIGH], [HIGH, HIGH.replace('high', 'other')]);
    const outs = [];
    for (const candidate of ['DIR/new', 'DIR/new/telltale.yaml', 'DIR/new/services/pump.yaml']) {
      const { out, code } = await backtest(files, ['--json'], { candidate });
      expect(code).toBe(0);
      outs.push(JSON.parse(out).services);
    }
    expect(outs[1]).toEqual(outs[0]);
    expect(outs[2]).toEqual(outs[0]);
    expect(outs[0][0].alarms.appear).toHaveLength(3);
  });

  test('services are matched by name, and what stands alone or has no file is said', async () => {
    const files = {
      ...sides([HIGH], [HIGH]),
      'old/services/a.yaml': serviceOf([HIGH], { name: 'gone' }),
      'old/services/b.yaml': serviceOf([HIGH], { name: 'tank' }),
      'new/services/b.yaml': serviceOf([], { name: 'tank' }).replace(/retrain.*/, ''),
      'new/services/c.yaml': serviceOf([HIGH], { name: 'fresh' }),
    };
    const from = ['pump/requests=DIR/x.csv', 'fresh/requests=DIR/x.csv'];
    const { out, code } = await backtest(files, [], { from });
    expect(code).toBe(0);
    expect(out).toContain('pump: ');
    expect(out).toContain('Only in the current configuration: gone.');
    expect(out).toContain('Only in the candidate: fresh.');
    expect(out).toContain('On both sides, but without a file: tank.');
    const both = await backtest(files, ['--json'], { from: [...from, 'tank/requests=DIR/x.csv'] });
    const json = JSON.parse(both.out);
    expect(json).toMatchObject({ onlyCurrent: ['gone'], onlyCandidate: ['fresh'], withoutFiles: [] });
    expect(json.services.map(({ service }: { service: string }) => service)).toEqual(['pump', 'tank']);
    expect(json.services[1]).toMatchObject({ parts: ['rules', 'retrain'] });
    expect(json.services[1].retrains.disappear).toHaveLength(3);
  });

  test('Markdown, and the progress on a terminal', async () => {
    const files = sides([HIGH], [HIGH.replace('> 150', '> 140'), HIGH.replace('high', 'other')]);
    const { out, err } = await backtest(files, ['--markdown'], { isTTY: true });
    expect(out).toContain('### Alarms that appear');
    expect(out).toContain('| RULE | CHANGE | ALARMS BEFORE | AFTER | FIRING BEFORE | AFTER |');
    expect(out).toContain('critical \\> 140 instead of \\> 150');
    expect(err).toContain('backtest');
    expect(err).toContain('960 records');
  });

  test('streams of one side and records of one side are said', async () => {
    const files = {
      ...sides([HIGH], [HIGH]),
      'new/services/pump.yaml': serviceOf([HIGH])
        .replace('pump.requests }', 'pump.requests }, labels: { topic: l, fields: { y: y } }')
        .replace('windows:', 'outputs: { y: { type: regressor } }\nwindows:'),
      'l.csv': `id,time,y\nr1,${at(3)},5\n,nothing,\n`,
    };
    const { out, code, err } = await backtest(files, [], { from: ['DIR/x.csv', 'labels=DIR/l.csv'] });
    expect(err).toBe('');
    expect(code).toBe(0);
    expect(out).toMatch(/Only the candidate has the stream labels, and reads .*l\.csv\./);
    expect(out).toContain('Records that could not be read: 0 before, 1 after.');
    const { out: without } = await backtest(files);
    expect(without).toContain('No file for the stream labels: what needs it is not tried.');
  });
});

test('the traffic of the demo: a loose threshold misses the rise of the prices', async () => {
  const root = fileURLToPath(new URL('../../', import.meta.url));
  const [fromMs, toMs] = [housing.injectAtMs - 10 * MINUTE_MS, housing.injectAtMs + 50 * MINUTE_MS];
  const lines: Record<string, string[]> = { requests: [], labels: [] };
  for await (const { stream, timeMs, value } of housing.records(1))
    if (timeMs >= fromMs && timeMs < toMs) lines[stream]!.push(value.toString());
  const dir = folder({
    'requests.ndjson': lines.requests!.join('\n'),
    'labels.ndjson': lines.labels!.join('\n'),
    'incidents.yaml': `- { service: housing, from: ${housing.injectAtMs}, what: prices rise }`,
  });
  const text = readFileSync(join(root, 'config/services/housing.yaml'), 'utf8')
    .replaceAll('../../models', join(root, 'models'))
    .replace('../baselines', join(root, 'config/baselines'))
    .replace('budget: 1 per 30d', '');
  writeFileSync(join(dir, 'loose.yaml'), text.replace('> 14000', '> 90000').replace('> 20000', '> 95000'));
  const done = await telltale(
    [
      ...['--config', join(root, 'config'), 'backtest', '--candidate', join(dir, 'loose.yaml'), '--json'],
      ...['--from', join(dir, 'requests.ndjson'), `labels=${join(dir, 'labels.ndjson')}`],
      ...['--service', 'housing', '--incidents', join(dir, 'incidents.yaml'), '--fail-on', 'worse'],
    ],
    realWiring,
  );
  expect(done.err).toBe('');
  expect(done.code).toBe(1);
  const { services, worse } = JSON.parse(done.out);
  // The models are other files by their paths, and the same by what is in them.
  expect(services[0].parts).toEqual(['rules', 'budget']);
  expect(services[0].alarms.disappear.map(({ rule }: { rule: string }) => rule)).toContain('price-error');
  expect(services[0].retrains.disappear).toHaveLength(1);
  expect(worse).toEqual(["housing: misses 'prices rise', which the current one finds"]);
}, 60_000);
