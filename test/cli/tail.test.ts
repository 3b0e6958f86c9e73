import { describe, expect, it } from 'vitest';
import { lineOf } from '../../src/cli/tail/line.ts';
import { paintFor } from '../../src/cli/tail/paint.ts';
import { offsetSince } from '../../src/cli/tail/since.ts';
import { makeIncident } from '../incidents.ts';
import { makeAlert, makeResult, makeRetrain } from '../sink/records.ts';
import { publicLog } from './public-log.ts';

const HOUR_MS = 3_600_000;

describe('telltale tail', () => {
  /** Written a day and an hour ago. */
  async function filled() {
    const found = publicLog();
    const nowMs = Date.now();
    await found.tell('result', [makeResult({ id: 'old' })], nowMs - 24 * HOUR_MS);
    await found.tell('result', [makeResult(), makeResult({ id: 'r2', metric: 'ks' })], nowMs - HOUR_MS);
    await found.tell('alert', [makeAlert(), makeAlert({ id: 'a2', service: 'housing' })], nowMs - HOUR_MS);
    await found.tell('incident', [makeIncident()], nowMs - HOUR_MS);
    await found.tell('retrain', [makeRetrain()], nowMs - HOUR_MS);
    return found;
  }
  const idsOf = (out: string): string[] =>
    out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string; id: string })
      .map(({ type, id }) => `${type} ${id}`)
      .sort();

  it.each<[string, string[], string[]]>([
    [
      'everything',
      ['--count', '6'],
      ['alert a1', 'alert a2', 'incident i1', 'result r1', 'result r2', 'retrain t1'],
    ],
    ['a service', ['--service', 'fraud', '--alerts', '--count', '1'], ['alert a1']],
    ['a metric', ['--metric', 'ks', '--count', '1'], ['result r2']],
    [
      'a metric of alarms',
      ['--metric', 'psi', '--incidents', '--retrain', '--count', '2'],
      ['incident i1', 'retrain t1'],
    ],
    ['two kinds', ['--alerts', '--retrain', '--count', '3'], ['alert a1', 'alert a2', 'retrain t1']],
  ])('prints %s of the last two hours, a record a line', async (_, options, ids) => {
    const { cli } = await filled();
    const { code, out } = await cli('tail', '--since', '2h', '--json', ...options);
    expect([code, idsOf(out)]).toEqual([0, ids]);
  });

  it('begins with what comes from now on', async () => {
    const { cli, tell, log } = await filled();
    let asked: () => void = () => {};
    const reading = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const read = log.read;
    log.read = (...args) => {
      asked();
      return read(...args);
    };
    const ended = cli('tail', '--results', '--json', '--count', '1');
    await reading;
    await tell('result', [makeResult({ id: 'new' })], Date.now());
    expect(idsOf((await ended).out)).toEqual(['result new']);
  });

  it('leaves out what is not ours', async () => {
    const { cli, tell, log } = publicLog(1);
    await log.append([{ topic: 't.alerts', key: null, value: Buffer.from('hello') }]);
    await tell('alert', [makeAlert()], Date.now());
    const { out } = await cli(
      'tail',
      '--alerts',
      '--since',
      '1970-01-01T00:00:00Z',
      '--json',
      '--count',
      '1',
    );
    expect(idsOf(out)).toEqual(['alert a1']);
  });

  it.each([
    [['--service', 'nope'], "no service 'nope'; there are fraud"],
    [['--since', 'soon'], "--since: 'soon' is neither a duration"],
    [['--count', '0'], "--count: '0' is not a whole number"],
  ])('refuses %j', async (options, message) => {
    const { code, err } = await publicLog().cli('tail', ...options);
    expect(code).toBe(2);
    expect(err).toContain(message);
  });
});

describe('lineOf', () => {
  const plain = paintFor(Object.assign(process.stdout, {}), { NO_COLOR: '1' });
  it.each([
    [
      { type: 'result', record: makeResult({ low: 0.2, high: 0.31 }) },
      '2026-03-01 01:00:00  fraud  result    psi amount  0.25 [0.2, 0.31]  n 200',
    ],
    [
      { type: 'alert', record: makeAlert({ segment: 'country=de' }) },
      '2026-03-01 01:00:00  fraud  alert     critical firing  amount-drift: psi 0.25 >= 0.2  a1',
    ],
    [
      { type: 'incident', record: makeIncident({ state: 'resolved' }) },
      '2026-03-01 01:00:00  fraud  incident  resolved  1 alarm of amount-drift; amount  (told: first_notification)',
    ],
    [
      { type: 'retrain', record: makeRetrain({ reason: 'a\u001b[2Jb' }) },
      '2026-03-01 01:00:00  fraud  retrain   requested (manual): a\\u001b[2Jb  retrain-1',
    ],
  ] as const)('%#: says it in one line', (told, line) => {
    expect(lineOf(told, plain)).toBe(line);
  });

  it('has colours on a terminal, unless nobody wants them', () => {
    const terminal = { isTTY: true } as Parameters<typeof paintFor>[0];
    const told = { type: 'alert', record: makeAlert() } as const;
    expect(lineOf(told, paintFor(terminal, {}))).toContain('\u001b[31mcritical firing\u001b[39m');
    expect(lineOf(told, paintFor(terminal, { NO_COLOR: '1' }))).not.toContain('\u001b');
  });
});

describe('offsetSince', () => {
  it.each([
    [0, 0],
    [10, 1],
    [11, 2],
    [40, 5],
    [41, 6],
  ])('finds the first record from %d on', async (sinceMs, offset) => {
    const { log, tell } = publicLog(1);
    for (const atMs of [0, 10, 20, 20, 30, 40]) await tell('result', [makeResult()], atMs);
    expect(await offsetSince(log, 't.results', 0, sinceMs)).toBe(offset);
  });
});
