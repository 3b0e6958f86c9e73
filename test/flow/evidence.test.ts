import { describe, expect, test } from 'vitest';
import {
  configureEvidence,
  createEvidence,
  type Evidence,
  stepEvidence,
  tellEvidence,
} from '../../src/flow/evidence.ts';
import {
  createStream,
  foldStream,
  isBack,
  logEvidence,
  movedCells,
  nameStream,
  onsetMs,
} from '../../src/flow/evidence-stream.ts';
import type { Counts } from '../../src/metric/evidence/registry.ts';
import { EVIDENCE } from '../../src/metric/evidence/registry.ts';
import { fileReference } from '../../src/metric/registry.ts';
import type { Tracks } from '../../src/profile/registry.ts';
import type { Alert, CategoricalBaseline, ServiceSpec } from '../../src/records.ts';
import { categories, input, service } from '../metric/support.ts';
import { MINUTE, randomOf } from '../scenario/support.ts';

const INPUTS = ['a', 'b', 'c'];
const SEGMENTS = ['*', 'c=x', 'c=y'];

const reference = (n: number): CategoricalBaseline => ({
  type: 'categorical',
  n,
  missing: 0,
  invalid: 0,
  counts: { x: n / 2, y: n / 2 },
});
const tracks = Object.fromEntries(INPUTS.map((name) => [name, reference(10_000)]));
const spec = (more: Partial<ServiceSpec> = {}): ServiceSpec =>
  service({
    inputs: INPUTS.map((name) => input(name, 'categorical')),
    segments: [['c']],
    baseline: { format: 'telltale-baseline/2', service: 'fraud', n: 10_000, tracks },
    budget: { alarms: 1, periodMs: 1_000 * MINUTE, tolerance: {} },
    ...more,
  });

/** Of 200 rows an input and segment; `moved` says how many of a hundred are x, 50 by default. */
type Moved = (name: string, segment: string) => number | undefined;

class Run {
  readonly evidence: Evidence = createEvidence();
  readonly alerts: Alert[] = [];
  private minute = 0;
  private readonly random = randomOf(11);
  private readonly spec: ServiceSpec;
  private readonly owns: boolean;
  constructor(of: ServiceSpec, owns = true) {
    this.spec = of;
    this.owns = owns;
    configureEvidence(this.evidence, of, 0);
  }

  windows(count: number, moved: Moved = () => undefined): this {
    for (let i = 0; i < count; i++) {
      const endMs = ++this.minute * MINUTE;
      const cells = SEGMENTS.map((segment) => ({
        segment,
        tracks: new Map(
          INPUTS.map((name) => {
            const share = (moved(name, segment) ?? 50) / 100;
            const rows = Array.from({ length: 200 }, () => (this.random() < share ? 'x' : 'y'));
            return [`input//${name}`, categories(rows, this.spec, name)];
          }),
        ) as Tracks,
        reference: { ...fileReference(this.spec, '*'), isOwn: segment === '*' || this.owns },
      }));
      const due = { dueMs: endMs, endMs, revision: 0 };
      this.alerts.push(...stepEvidence(this.evidence, this.spec, 'requests', { cells, results: [], due }));
      for (const { alert } of tellEvidence(this.evidence, this.spec, endMs)) this.alerts.push(alert);
      const through = JSON.parse(JSON.stringify(this.evidence)) as Evidence;
      expect(through).toEqual(this.evidence);
    }
    return this;
  }
}

const told = (alerts: readonly Alert[]) =>
  alerts.map(({ subject, segment, state, windowEndMs }) => [subject, segment, state, windowEndMs / MINUTE]);

describe('a page', () => {
  test('names all that moved at once, once, and ends when they are back', () => {
    const both: Moved = (name, segment) => (name === 'a' && segment !== 'c=y' ? 75 : undefined);
    const run = new Run(spec()).windows(30).windows(10, both);
    expect(run.alerts).toHaveLength(1);
    const [alert] = run.alerts;
    expect(alert).toMatchObject({
      metric: 'psi',
      subject: 'a',
      state: 'firing',
      level: 'warning',
      sinceMs: 30 * MINUTE,
    });
    expect(alert!.evidence!.streams.map(({ subject, segment }) => `${subject} ${segment}`).sort()).toEqual([
      'a *',
      'a c=x',
    ]);
    run.windows(20);
    expect(told(run.alerts).map(([subject, , state]) => [subject, state])).toEqual([
      ['a', 'firing'],
      ['a', 'resolved'],
    ]);
    expect(run.evidence.alarms).toEqual({});
  });

  test('while one fires, another stream that moves later pages for itself', () => {
    const first: Moved = (name, segment) => (name === 'a' && segment === '*' ? 75 : undefined);
    const second: Moved = (name, segment) =>
      first(name, segment) ?? (name === 'b' && segment === 'c=y' ? 80 : undefined);
    const { alerts } = new Run(spec()).windows(10).windows(10, first).windows(10, second);
    expect(told(alerts).map((one) => one.slice(0, 3))).toEqual([
      ['a', '*', 'firing'],
      ['b', 'c=y', 'firing'],
    ]);
  });

  test('a stream that comes back and moves again while others of its alarm have not joins it', () => {
    const both: Moved = (name, segment) => (name === 'a' && segment !== 'c=y' ? 80 : undefined);
    const one: Moved = (name, segment) => (name === 'a' && segment === 'c=x' ? 80 : undefined);
    const run = new Run(spec()).windows(10).windows(10, both).windows(8, one).windows(10, both);
    expect(run.alerts).toHaveLength(1);
    run.windows(20);
    expect(told(run.alerts).map(([, , state]) => state)).toEqual(['firing', 'resolved']);
  });

  test('a segment without a reference of its own has no evidence', () => {
    const moved: Moved = (_, segment) => (segment === 'c=x' ? 90 : undefined);
    expect(new Run(spec(), false).windows(20, moved).alerts).toEqual([]);
    expect(new Run(spec()).windows(20, moved).alerts).toHaveLength(1);
  });

  test('a tolerance for an input keeps it quiet', () => {
    const moved: Moved = (name) => (name === 'a' ? 60 : undefined);
    const tolerant = spec({ budget: { ...spec().budget!, tolerance: { 'psi/a': 0.1 } } });
    expect(new Run(spec()).windows(40, moved).alerts.length).toBeGreaterThan(0);
    expect(new Run(tolerant).windows(40, moved).alerts).toEqual([]);
  });

  test('without a budget, and of windows that overlap, there is none', () => {
    const moved: Moved = () => 90;
    const { budget: _, ...bare } = spec();
    expect(new Run(bare).windows(5, moved).evidence.groups).toEqual({});
    const hopping = spec({ windows: { ...spec().windows, sizeMs: 4 * MINUTE } });
    const run = new Run(hopping).windows(3, moved);
    expect(run.evidence.groups).toEqual({});
  });
});

describe('a change of configuration', () => {
  const moved: Moved = (name) => (name === 'a' ? 80 : undefined);
  test('of the budget or the baseline ends what fires and begins again', () => {
    const run = new Run(spec()).windows(10, moved);
    const other = spec({ baseline: { ...spec().baseline!, n: 9_999 } });
    const ended = configureEvidence(run.evidence, other, 20 * MINUTE);
    expect(ended).toMatchObject([
      { state: 'resolved', reason: 'budget or baseline changed', windowEndMs: 20 * MINUTE },
    ]);
    expect(run.evidence.groups).toEqual({});
    expect(configureEvidence(run.evidence, other, 21 * MINUTE)).toEqual([]);
  });

  test('of anything else keeps it', () => {
    const run = new Run(spec()).windows(10, moved);
    const before = JSON.stringify(run.evidence);
    expect(configureEvidence(run.evidence, spec({ description: 'other' }), 0)).toEqual([]);
    expect(JSON.stringify(run.evidence)).toBe(before);
  });
});

test('the mean over all streams grows by at most one a window while nothing moves', () => {
  const run = new Run(spec()).windows(200);
  const group = run.evidence.groups.requests!;
  const all = Object.values(group.streams);
  expect(all).toHaveLength(3 * SEGMENTS.length * INPUTS.length);
  const mean = all.reduce((sum, stream) => {
    const weight = stream.segment === '*' ? 0.5 / group.wholeMax : 0.5 / group.segmentsMax;
    return sum + weight * Math.exp(logEvidence(stream));
  }, 0);
  expect(mean).toBeLessThan(200);
  expect([group.wholeMax, group.segmentsMax]).toEqual([9, 18]);
});

describe('a stream', () => {
  const counts = (current: number[], form: Counts['form'] = 'cells'): Counts => ({
    form,
    names: ['u', 'v'],
    reference: [50_000, 50_000],
    current,
  });
  const about = { metric: 'psi', concern: 'inputs', subject: 'a', model: '', segment: '*' } as const;

  test('small changes in small windows are seen in many windows together', () => {
    const stream = createStream(about, 0);
    // PSI 0.078: of 20 rows a window no test sees it.
    for (let w = 0; w < 256; w++)
      foldStream(
        stream,
        counts(w % 7 < 3 ? [12, 8] : [13, 7]),
        { tolerance: 0.005, confidence: 0.99 },
        w,
        w + 1,
      );
    expect(logEvidence(stream)).toBeGreaterThan(15);
    const calm = createStream(about, 0);
    for (let w = 0; w < 256; w++)
      foldStream(
        calm,
        counts(w % 2 === 0 ? [12, 8] : [8, 12]),
        { tolerance: 0.005, confidence: 0.99 },
        w,
        w + 1,
      );
    expect(logEvidence(calm)).toBeLessThan(3);
  });

  test('its onset is where the change began, also of rates', () => {
    for (const form of ['cells', 'rate'] as const) {
      const stream = createStream(about, 0);
      const calm: [number, number] = form === 'cells' ? [101, 99] : [95, 105];
      for (let w = 0; w < 50; w++)
        foldStream(stream, counts(calm, form), { tolerance: 0.01, confidence: 0.99 }, w * 10, w * 10 + 10);
      for (let w = 50; w < 60; w++)
        foldStream(
          stream,
          counts([150, 50], form),
          { tolerance: 0.01, confidence: 0.99 },
          w * 10,
          w * 10 + 10,
        );
      expect(onsetMs(stream)).toBe(500);
      const { cells, n } = movedCells(stream, counts([150, 50], form));
      expect(n).toBe(2_000);
      expect(cells.find(({ cell }) => cell === 'u')).toEqual({ cell: 'u', reference: 0.5, current: 0.75 });
    }
  });

  test('fewer bad rows are no evidence', () => {
    const stream = createStream({ ...about, metric: 'accuracy' }, 0);
    for (let w = 0; w < 50; w++)
      foldStream(stream, counts([10, 190], 'rate'), { tolerance: 0, confidence: 0.99 }, w, w + 1);
    expect(logEvidence(stream)).toBeLessThan(0);
  });

  test('a block begins again where the cells are others', () => {
    const stream = createStream(about, 0);
    foldStream(stream, counts([10, 10]), { tolerance: 0, confidence: 0.99 }, 0, 1);
    for (let w = 1; w < 4; w++)
      foldStream(
        stream,
        { ...counts([10, 10]), names: ['u', 'w'] },
        { tolerance: 0, confidence: 0.99 },
        w,
        w + 1,
      );
    expect(stream.blocks[1]).toBeNull();
    expect(stream.detectors[1]).toBeUndefined();
  });
});

describe('a stream that an alarm names', () => {
  const cells = (current: number[], form: Counts['form'] = 'cells'): Counts => ({
    form,
    names: ['u', 'v'],
    reference: [5_000, 5_000],
    current,
  });
  const allowance = { tolerance: 0.01, confidence: 0.99 };
  const moved = (form: Counts['form']) => {
    const about = { metric: 'psi', concern: 'inputs', subject: 'a', model: '', segment: '*' } as const;
    const stream = createStream(about, 0);
    for (let w = 0; w < 10; w++) foldStream(stream, cells([130, 70], form), allowance, w, w + 1);
    nameStream(stream, 'alarm');
    return stream;
  };

  test.each(['cells', 'strata', 'rate'] as const)(
    'comes back by four good windows, not by one (%s)',
    (form) => {
      const stream = moved(form);
      for (let w = 10; w < 13; w++) foldStream(stream, cells([100, 100], form), allowance, w, w + 1);
      expect(isBack(stream)).toBe(false);
      foldStream(stream, cells([100, 100], form), allowance, 13, 14);
      expect(isBack(stream)).toBe(true);
    },
  );

  test('stays as long as its windows are nearer to what had moved', () => {
    const stream = moved('rate');
    for (let w = 10; w < 500; w++) foldStream(stream, cells([120, 80], 'rate'), allowance, w, w + 1);
    expect(isBack(stream)).toBe(false);
    foldStream(stream, cells([100, 100], 'rate'), allowance, 500, 501);
    expect(isBack(stream)).toBe(false);
  });
});

test('every kind of evidence is documented, with its tolerance', async () => {
  const { readFile } = await import('node:fs/promises');
  const text = await readFile(new URL('../../docs/budget.md', import.meta.url), 'utf8');
  for (const { metric, tolerance } of EVIDENCE) {
    const line = text.split('\n').find((one) => one.startsWith('|') && one.includes(`\`${metric}\``));
    expect(line, metric).toContain(` ${tolerance.default}`);
  }
});
