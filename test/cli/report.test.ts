import { describe, expect, test } from 'vitest';
import {
  endOf,
  labelStretch,
  MINUTE_MS,
  openCohort,
  resultAt,
  resultLines,
  segmentStretch,
  spread,
  windows,
} from './stretches.ts';
import { folder, telltale } from './support.ts';

const none = '/nowhere';
const report = async (files: Record<string, string>, ...args: string[]) => {
  const dir = folder(files);
  return telltale(['--config', none, 'report', '--from', dir, ...args]);
};
// biome-ignore lint/suspicious/noExplicitAny: the report as a program reads it
const jsonOf = async (files: Record<string, string>, ...args: string[]): Promise<any> => {
  const { code, out, err } = await report(files, '--json', ...args);
  expect(err).toBe('');
  expect(code).toBe(0);
  return JSON.parse(out).services[0];
};

describe('telltale report', () => {
  test('puts the segment first that is worse for certain, with its interval and its false discovery rate', async () => {
    const { metrics } = await jsonOf({ 'r.ndjson': resultLines(segmentStretch(40)) });
    const [accuracy] = metrics;
    expect(accuracy).toMatchObject({ metric: 'accuracy', subject: 'y', model: 'm' });
    expect(accuracy.whole.value).toBeCloseTo(0.875, 2);
    expect(accuracy.whole).toMatchObject({ n: 16_000, windows: 40, by: 'counts' });
    const [first, ...rest] = accuracy.segments;
    expect(first).toMatchObject({ segment: 'country=de', verdict: 'worse', excludesWhole: true });
    expect(first.pooled.value).toBeCloseTo(0.8, 2);
    expect(first.difference.value).toBeCloseTo(-0.075, 2);
    expect(first.worseBy).toBeGreaterThan(0.05);
    expect(first.rate).toBeLessThan(1e-6);
    expect(rest.map(({ verdict }: { verdict: string }) => verdict)).toEqual(['better', 'better', 'better']);
  });

  test('shows what is estimated where no label came, by the median of windows', async () => {
    const about = { family: 'performance', subject: 'y', model: 'm', n: 200 } as const;
    const estimates = windows(21).flatMap((window) => [
      resultAt(window, { ...about, metric: 'estimated_accuracy', segment: '*', value: 0.8 + window / 1_000 }),
      resultAt(window, { ...about, metric: 'estimated_accuracy', segment: 'country=de', value: 0.7 }),
      resultAt(window, { ...about, metric: 'estimate_weight', segment: '*', value: 0.5 }),
    ]);
    const { metrics } = await jsonOf({ 'r.ndjson': resultLines(estimates) });
    expect(metrics).toHaveLength(1);
    expect(metrics[0]).toMatchObject({ metric: 'estimated_accuracy', subject: 'y', model: 'm' });
    expect(metrics[0].whole).toMatchObject({ value: 0.81, windows: 21, by: 'median of windows' });
    expect(metrics[0].segments[0]).toMatchObject({ segment: 'country=de', verdict: 'worse' });
  });

  test('calls no segment worse where all are alike, although there are many', async () => {
    const alike = windows(30).flatMap((window) => {
      const cells = windows(40).map((i) => {
        const right = 90 + Math.round(6 * (spread(window * 41, i) - 0.5));
        return { segment: `shop=${i}`, right };
      });
      const right = cells.reduce((sum, cell) => sum + cell.right, 0);
      const about = { family: 'performance', metric: 'accuracy', subject: 'y', model: 'm' } as const;
      return [
        resultAt(window, { ...about, segment: '*', value: right / 4_000, n: 4_000 }),
        ...cells.map((cell) =>
          resultAt(window, { ...about, segment: cell.segment, value: cell.right / 100, n: 100 }),
        ),
      ];
    });
    const { metrics } = await jsonOf({ 'r.ndjson': resultLines(alike) });
    expect(metrics[0].segments).toHaveLength(40);
    expect(metrics[0].segments.filter(({ verdict }: { verdict: string }) => verdict === 'worse')).toEqual([]);
  });

  test('names the inputs of the worse segment that differ, and not the one that makes it', async () => {
    const inputs = windows(40).flatMap((window) =>
      ['*', 'country=de'].flatMap((segment) => {
        const about = { family: 'input', segment, n: 100 } as const;
        const own = segment === '*' ? 0 : 5;
        return [
          resultAt(window, { ...about, metric: 'mean', subject: 'age', value: 40 + own + spread(window) }),
          resultAt(window, { ...about, metric: 'mean', subject: 'fee', value: 7 + spread(window, 3) }),
          resultAt(window, { ...about, metric: 'missing_rate', subject: 'country', value: own / 10 }),
        ];
      }),
    );
    const text = resultLines([...segmentStretch(40), ...inputs]);
    const { metrics } = await jsonOf({ 'r.ndjson': text });
    const found = metrics[0].segments[0].inputs;
    expect(found).toMatchObject([{ metric: 'mean', subject: 'age', windows: 40 }]);
    expect(found[0].segment - found[0].whole).toBeCloseTo(5, 6);
    const { out } = await report({ 'r.ndjson': text });
    expect(out).toMatch(/^country=de +mean of age +45\.\d+ +40\.\d+/m);
  });

  test('shows a move over the stretch, with its interval', async () => {
    const falling = windows(60).map((window) => {
      const right = (window < 30 ? 90 : 80) + Math.round(4 * (spread(window) - 0.5));
      return resultAt(window, {
        family: 'performance',
        metric: 'accuracy',
        subject: 'y',
        model: 'm',
        value: right / 100,
        n: 100,
      });
    });
    const { metrics } = await jsonOf({ 'r.ndjson': resultLines(falling) });
    const { change, parts } = metrics[0].trend;
    expect(change.value).toBeCloseTo(-0.1, 2);
    expect(change.high).toBeLessThan(-0.07);
    expect(parts.map(({ pooled }: { pooled: { n: number } }) => pooled.n)).toEqual(
      windows(6).map(() => 1_000),
    );
  });

  test('knows the usual labels by age, and the cohort that is late', async () => {
    const late = [...openCohort(40, 0.31, 0.8), ...openCohort(41, 0.12, 0.8)];
    const { labels } = await jsonOf({ 'r.ndjson': resultLines([...labelStretch(40), ...late]) });
    const [first, final] = labels.curve.value;
    expect(first).toMatchObject({ revision: 0, cohorts: 40 });
    expect(first.median).toBeCloseTo(0.3, 2);
    expect(final).toMatchObject({ revision: 1, median: 0.9 });
    expect(labels).toMatchObject({ late: 1, cohorts: 42 });
    expect(labels.newest.slice(-2)).toMatchObject([
      { end: new Date(endOf(40)).toISOString(), isFinal: false, place: { state: 'usual' } },
      { end: new Date(endOf(41)).toISOString(), isFinal: false, place: { state: 'late' } },
    ]);
  });

  test('corrects what early labels say, or says why it cannot', async () => {
    const open = openCohort(40, 0.3, 0.78);
    const { metrics } = await jsonOf({ 'r.ndjson': resultLines([...labelStretch(40), ...open]) });
    const [early] = metrics[0].early;
    expect(early).toMatchObject({ revision: 0, trust: 'biased: do not read it uncorrected' });
    expect(early.bias.value.mean).toBeCloseTo(-0.1, 2);
    expect(early.bias.value.high).toBeLessThan(-0.09);
    expect(early.open).toMatchObject([
      { early: 0.78, corrected: { value: { value: expect.closeTo(0.88, 2) } } },
    ]);
    const short = await jsonOf({
      'r.ndjson': resultLines([...labelStretch(12), ...openCohort(12, 0.3, 0.78)]),
    });
    expect(short.metrics[0].early[0].open[0].corrected).toEqual({
      reason: '12 cohorts have an early and a final value, 20 are needed to correct',
    });
    expect(short.labels.curve).toEqual({ reason: '12 complete cohorts, 20 are needed' });
  });

  test('windows that overlap do not count a request twice', async () => {
    // Windows of two minutes that hop by one, each with the hundred requests of its two minutes.
    const hopping = windows(41).map((window) =>
      resultAt(window, {
        family: 'performance',
        metric: 'accuracy',
        value: 0.9,
        n: 100,
        windowStartMs: endOf(window) - 2 * MINUTE_MS,
      }),
    );
    const { metrics } = await jsonOf({ 'r.ndjson': resultLines(hopping) });
    expect(metrics[0].whole).toMatchObject({ n: 2_000, windows: 20 });
  });

  test('prints tables for people and for a wiki', async () => {
    const files = { 'r.ndjson': resultLines([...segmentStretch(40), ...labelStretch(40)]) };
    const { out, err, code } = await report(files);
    expect(code).toBe(0);
    expect(err).toMatch(/^read 360 results of \S+\n$/);
    expect(out).toMatch(
      /^shop: windows that end from 2026-03-01T00:01Z to 2026-03-01T00:40Z, windows of 1m$/m,
    );
    expect(out).toMatch(/^country=de +0\.\d+ +0\.\d+ to 0\.\d+ +4000 .*< 0\.001 +worse/m);
    expect(out).toContain('Benjamini-Hochberg');
    const wiki = (await report(files, '--markdown')).out;
    expect(wiki).toMatch(/^## shop: windows/m);
    expect(wiki).toMatch(/^\| country=de \| 0\.\d+ \|/m);
    expect(wiki).toMatch(/^\| --- \| --- \|/m);
  });

  test('a name of a segment cannot break out of its table', async () => {
    const bad = segmentStretch(40).map((result) => ({
      ...result,
      segment: result.segment.replace('de', 'd|\u001b[31m\n<b>'),
    }));
    const { out } = await report({ 'r.ndjson': resultLines(bad) }, '--markdown');
    expect(out).toContain('country=d\\|\\\\u001b\\[31m\\\\n\\<b\\>');
    expect(out).not.toContain('\u001b');
  });
});
