import { describe, expect, it } from 'vitest';
import { chartOf } from '../../src/cli/explain/chart.ts';
import { quoted } from '../../src/cli/explain/next.ts';
import type { Story } from '../../src/cli/explain/story.ts';
import type { Alert, Result, RolloutRecord } from '../../src/records.ts';
import { makeIncident } from '../incidents.ts';
import { HOUR_MS, makeAlert, makeResult, makeRetrain, T0 } from '../sink/records.ts';
import { type PublicLog, publicLog } from './public-log.ts';
import { folder, telltale } from './support.ts';

/** Window number i ends at T0 + i hours. */
const windowAt = (i: number) => ({ windowStartMs: T0 + (i - 1) * HOUR_MS, windowEndMs: T0 + i * HOUR_MS });
const alertAt = (i: number, over: Partial<Alert>): Alert => makeAlert({ ...windowAt(i), ...over });
const resultAt = (i: number, value: number, over: Partial<Result> = {}): Result =>
  makeResult({ id: `r${i}${over.segment ?? ''}`, ...windowAt(i), value, ...over });

const aFiring = alertAt(20, { id: 'aaaaaa11', fingerprint: 'ffffff11', sinceMs: T0 + 19 * HOUR_MS });
const warned = alertAt(21, {
  id: 'aaaaaa12',
  fingerprint: 'ffffff11',
  level: 'warning',
  sinceMs: aFiring.sinceMs,
});
const over = alertAt(23, {
  id: 'aaaaaa13',
  fingerprint: 'ffffff11',
  state: 'resolved',
  sinceMs: aFiring.sinceMs,
});
const earlier = [
  alertAt(2, { id: 'early1', fingerprint: 'ffffff11' }),
  alertAt(3, { id: 'early2', fingerprint: 'ffffff11', state: 'resolved' }),
];
const near = alertAt(20, {
  id: 'bbbbbb11',
  fingerprint: 'gggggg11',
  rule: 'age-drift',
  subject: 'age',
  sinceMs: aFiring.sinceMs,
});
const far = alertAt(9, { id: 'cccccc11', fingerprint: 'hhhhhh11', rule: 'far', sinceMs: T0 });
const step = (seq: number, atMs: number, more: Partial<RolloutRecord>): object => ({
  type: 'rollout',
  ...{
    service: 'fraud',
    seq,
    atMs,
    candidate: 'forest',
    event: 'advanced',
    status: 'running',
    stage: 1,
    stages: 4,
  },
  ...{ share: 0.05, reason: '', ...more },
});

async function recorded(): Promise<PublicLog> {
  const found = publicLog();
  const values = Array.from({ length: 30 }, (_, i) => resultAt(i, i >= 20 && i < 23 ? 0.5 : 0.1));
  const late = resultAt(20, 0.6, { id: 'late', revision: 1 });
  const segments = [
    resultAt(20, 0.9, { segment: 'country=de' }),
    resultAt(20, 0.2, { segment: 'country=fr' }),
    resultAt(20, 0.8, { segment: 'country=de', metric: 'ks' }),
  ];
  await found.tell('result', [...values, late, ...segments]);
  await found.tell('alert', [far, ...earlier, aFiring, near, warned, over]);
  const alarm = { ...makeIncident().alarms[0]!, fingerprint: 'ffffff11' };
  const atMs = aFiring.windowEndMs;
  await found.tell('incident', [
    makeIncident({ incidentId: 'iiiiii11', openedMs: atMs, atMs, alarms: [alarm] }),
  ]);
  await found.tell('retrain', [makeRetrain({ triggers: [aFiring] }), makeRetrain({ retrainId: 'other' })]);
  return found;
}

type Explained = Story & { ok: boolean; next: { why: string; command: string }[] };
const explained = async ({ cli }: PublicLog, id: string): Promise<Explained> => {
  const { out, code, err } = await cli('explain', id, '--json');
  expect(code, err).toBe(0);
  return JSON.parse(out) as Explained;
};

describe('telltale explain', () => {
  it('tells when it began and ended, what it showed, and what went on', async () => {
    const story = await explained(await recorded(), 'aaaaaa11');
    expect(story.episode.map(({ id }) => id)).toEqual(['aaaaaa11', 'aaaaaa12', 'aaaaaa13']);
    expect([story.endedMs, story.times]).toEqual([over.windowEndMs, 2]);
    // From 12 windows before the onset to 4 after the end; the last revision of each.
    expect(story.windows.map(({ windowEndMs }) => (windowEndMs - T0) / HOUR_MS)).toEqual(
      Array.from({ length: 20 }, (_, i) => i + 8),
    );
    expect(story.windows.find(({ windowEndMs }) => windowEndMs === aFiring.windowEndMs)?.value).toBe(0.6);
    expect(story.segments.map(({ segment }) => segment)).toEqual(['country=de', 'country=fr']);
    expect(story.incident?.incidentId).toBe('iiiiii11');
    expect(story.others.map(({ id }) => id)).toEqual(['bbbbbb11']);
    expect(story.retrains.map(({ retrainId }) => retrainId)).toEqual(['retrain-1']);
  });

  it.each(['aaaaaa11', 'aaaaaa12', 'ffffff11', 'ffffff', 'iiiiii11'])('finds it by %s', async (id) => {
    expect((await explained(await recorded(), id)).alert.fingerprint).toBe('ffffff11');
  });

  it('says what can be done, in commands that fit', async () => {
    const found = await recorded();
    const commands = (await explained(found, 'aaaaaa11')).next.map(({ command }) => command);
    expect(commands).toContainEqual(expect.stringContaining(' retrain approve retrain-1 --service fraud'));
    // It has ended: there is nothing to silence.
    expect(commands.join()).not.toContain('silence');
    const firing = (await explained(found, 'bbbbbb11')).next.map(({ command }) => command);
    expect(firing).toContainEqual(
      expect.stringContaining(
        "silence add --service fraud --match rule=age-drift --match subject=age --for 2h --reason 'looking into it'",
      ),
    );
  });

  it('reads what replay wrote, and roll-outs at that time', async () => {
    const lines = [
      ...[far, aFiring].map((alert) => ({ type: 'alert', ...alert })),
      ...[19, 20].map((i) => ({ type: 'result', ...resultAt(i, 0.5) })),
      step(1, T0, { stage: 0 }),
      step(2, T0 + 18 * HOUR_MS, { stage: 1 }),
      step(3, T0 + 21 * HOUR_MS, { stage: 2 }),
    ];
    const dir = folder({ 'all.ndjson': `${lines.map((line) => JSON.stringify(line)).join('\n')}\n{"torn` });
    const { out, code } = await telltale(['explain', 'aaaaaa11', '--from', dir, '--json']);
    expect(code).toBe(0);
    const story = JSON.parse(out) as Explained;
    expect(story.rollouts.map(({ seq }) => seq)).toEqual([2, 3]);
    expect(story.next[0]).toEqual({
      why: 'Take forest back, if it is the cause',
      command: "telltale rollout rollback --service fraud --reason 'psi 0.25 >= 0.2'",
    });
    const text = await telltale(['explain', 'aaaaaa11', '--from', dir]);
    for (const part of ['it still fires', '| is the threshold:', 'Roll-outs:', '  telltale silence add'])
      expect(text.out).toContain(part);
  });

  it('lists what fires without an id', async () => {
    const { cli } = await recorded();
    const { out } = await cli('explain', '--json');
    const { firing } = JSON.parse(out) as { firing: Alert[] };
    expect(firing.map(({ id }) => id)).toEqual(['cccccc11', 'bbbbbb11']);
    expect((await cli('explain')).out).toMatch(
      /^bbbbbb11 +2026-03-01T19:00 +critical +fraud +age-drift +psi age$/m,
    );
    expect((await publicLog().cli('explain')).out).toBe('nothing fires\n');
  });

  it.each([
    ['nothing', "no alert, alarm or incident 'nothing'; the newest are"],
    ['aaaaaa', ''],
  ])('answers %s with what there is', async (id, message) => {
    const { code, err } = await (await recorded()).cli('explain', id);
    expect(code).toBe(message === '' ? 0 : 2);
    expect(err).toContain(message);
  });

  it('shows the evidence of a budget', async () => {
    const found = publicLog();
    const stream = {
      ...{
        metric: 'psi',
        subject: 'amount',
        model: '',
        segment: '*',
        share: 0.9,
        log10Evidence: 8,
        onsetMs: T0,
      },
      ...{ referenceN: 1000, n: 200, cells: [{ cell: '10..20', reference: 0.1, current: 0.4 }] },
    };
    const evidence = {
      ...{ kind: 'data' as const, onsetMs: T0, log10Evidence: 8.1, log10Boundary: 3.9, coverage: null },
      ...{ streams: [stream, { ...stream, subject: 'age', share: 0.001 }], subjects: [], segments: [] },
    };
    await found.tell('alert', [
      makeAlert({ id: 'budget1', rule: 'budget', threshold: 'evidence >= 8640', evidence }),
    ]);
    const { out } = await found.cli('explain', 'budget1');
    expect(out).toContain('drift of kind data; evidence 10^8.1, the budget allows 10^3.9');
    expect(out).toContain('90.0 % psi amount, since 2026-03-01 00:00, 200 rows beside 1000');
    expect(out).toContain('10..20: 10.0 % -> 40.0 %');
    expect(out).not.toContain('psi age');
  });
});

describe('chartOf', () => {
  it('draws a bar for each window, the threshold and what was told', () => {
    const alert = alertAt(2, { threshold: 'critical > 0.5' });
    const lines = chartOf([resultAt(1, 0.25), resultAt(2, 1), resultAt(3, 0, { final: false })], alert, [
      alert,
    ]);
    expect(lines).toEqual([
      `03-01 01:00  0.25  ${'█'.repeat(10)}          |`,
      `03-01 02:00     1  ${'█'.repeat(20)}|${'█'.repeat(19)}   < critical`,
      `03-01 03:00     0  ${' '.repeat(20)}|${' '.repeat(20)}  < preliminary`,
    ]);
  });

  it('stands values below zero, and none at all', () => {
    expect(chartOf([], makeAlert(), [])).toEqual([]);
    const [line] = chartOf([resultAt(1, -1)], makeAlert({ threshold: '< -0.5' }), []);
    expect(line).toContain('-1');
    expect(chartOf([makeResult({ value: null })], makeAlert(), [])[0]).toMatch(/ - {2}/);
  });

  it('says how much it leaves out', () => {
    const many = Array.from({ length: 50 }, (_, i) => resultAt(i, 1));
    expect(chartOf(many, makeAlert(), []).at(-1)).toBe('and 14 more windows');
  });
});

describe('quoted', () => {
  it.each([
    ['rule=a-b', 'rule=a-b'],
    ['a b', "'a b'"],
    ["it's $HOME", "'it'\\''s $HOME'"],
  ])('%s', (word, shell) => {
    expect(quoted(word)).toBe(shell);
  });
});
