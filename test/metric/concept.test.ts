import { describe, expect, test } from 'vitest';
import { EVIDENCE, exhibitsOf } from '../../src/metric/evidence/registry.ts';
import { METRICS, measureCell, type Reference } from '../../src/metric/registry.ts';
import { createConfusion } from '../../src/profile/confusion.ts';
import type { TrackState, Tracks } from '../../src/profile/registry.ts';
import { addScore, createScoreBins, NEGATIVE, POSITIVE } from '../../src/profile/score-bins.ts';
import { randomOf } from '../scenario/support.ts';
import { output, service } from './support.ts';

const spec = service({
  outputs: [output('fraud', 'classifier', { classes: ['no', 'yes'], positive: 'yes' })],
});

/** Labels of `n` scores; `shift` moves the scores, `law` says how probable yes is at a score. */
function scores(n: number, seed: number, law = (s: number) => s, shift = (u: number) => u): TrackState {
  const random = randomOf(seed);
  const state = createScoreBins();
  for (let i = 0; i < n; i++) {
    const score = shift(random());
    addScore(state, score, random() < law(score) ? POSITIVE : NEGATIVE, 0.5);
  }
  return { kind: 'score_bins', state };
}

function confusion(...counts: number[]): TrackState {
  const state = createConfusion(2);
  state.counts.set(counts);
  return { kind: 'confusion', state };
}

function contextOf(reference: Record<string, TrackState>) {
  const own: Reference = {
    baseline: () => undefined,
    state: (key) => reference[key],
    isOwn: true,
    source: 'file',
    absence: 'no baseline',
  };
  return { spec, windowMs: 60_000, reference: own, isFinal: true };
}
const conceptOf = (tracks: Record<string, TrackState>, reference: Record<string, TrackState>) =>
  measureCell(new Map(Object.entries(tracks)), contextOf(reference))
    .filter(({ metric }) => metric === 'concept_drift')
    .map(({ measure }) => measure);

const SCORES = 'scores/m/fraud';
const ANSWERS = 'performance/m/fraud';

describe('concept_drift', () => {
  test('is silent where only the scores move, and speaks where their worth does', () => {
    const before = { [SCORES]: scores(20_000, 1) };
    const [calm] = conceptOf({ [SCORES]: scores(2_000, 2) }, before);
    expect(calm).toMatchObject({ subject: 'fraud', model: 'm', n: 2_000 });
    expect(calm!.value).toBeLessThan(0.01);
    expect(calm!.p).toBeGreaterThan(0.01);
    const [moved] = conceptOf(
      {
        [SCORES]: scores(
          2_000,
          3,
          (s) => s,
          (u) => u * u,
        ),
      },
      before,
    );
    expect(moved!.value).toBeLessThan(0.02);
    expect(moved!.p).toBeGreaterThan(0.001);
    const [other] = conceptOf({ [SCORES]: scores(2_000, 4, (s) => 1 - s) }, before);
    expect(other!.value).toBeGreaterThan(1);
    expect(other!.p).toBeLessThan(1e-20);
  });

  test('without scores it is of answers', () => {
    const before = { [ANSWERS]: confusion(900, 100, 50, 450) };
    const [calm] = conceptOf({ [ANSWERS]: confusion(180, 20, 10, 90) }, before);
    expect(calm).toMatchObject({ n: 300 });
    expect(calm!.value).toBeLessThan(1e-4);
    // More positive answers alone are no change of what they are worth.
    expect(conceptOf({ [ANSWERS]: confusion(18, 2, 30, 270) }, before)[0]!.value).toBeLessThan(1e-3);
    const [other] = conceptOf({ [ANSWERS]: confusion(100, 100, 10, 90) }, before);
    expect(other!.p).toBeLessThan(1e-10);
  });

  test('is given once for a model, and says why there is none', () => {
    const both = { [SCORES]: scores(100, 1), [ANSWERS]: confusion(40, 10, 10, 40) };
    expect(conceptOf(both, both)).toHaveLength(1);
    expect(conceptOf(both, {})).toMatchObject([{ value: null, reason: 'no baseline' }]);
    expect(conceptOf(both, { [SCORES]: { kind: 'score_bins', state: createScoreBins() } })).toHaveLength(0);
  });
});

describe('evidence', () => {
  test('is of metrics that there are, each once', () => {
    for (const { metric } of EVIDENCE) expect(METRICS, metric).toHaveProperty(metric);
    expect(new Set(EVIDENCE.map(({ metric }) => metric)).size).toBe(EVIDENCE.length);
  });

  test('has counts on both sides over the same cells, pairs where it is of shares, and only with a reference', () => {
    const tracks: Tracks = new Map([
      [SCORES, scores(500, 5)],
      [ANSWERS, confusion(200, 50, 50, 200)],
    ]);
    const found = exhibitsOf(tracks, contextOf(Object.fromEntries(tracks)));
    expect(found.map(({ kind }) => kind.metric).sort()).toEqual(['accuracy', 'concept_drift']);
    for (const { exhibit } of found) {
      const { form, names, reference, current } = exhibit.counts;
      expect(reference).toHaveLength(names.length);
      expect(current).toHaveLength(names.length);
      expect(new Set(names).size).toBe(names.length);
      if (form !== 'cells') expect(names.length % 2).toBe(0);
      for (const count of [...reference, ...current]) expect(count).toBeGreaterThanOrEqual(0);
      expect(current.reduce((sum, count) => sum + count, 0)).toBe(500);
    }
    expect(exhibitsOf(tracks, contextOf({}))).toEqual([]);
  });
});
