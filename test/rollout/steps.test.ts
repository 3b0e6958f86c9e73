import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  ANALYSIS_DEFAULTS,
  type AnalysisSpec,
  analysisPhase,
  createAnalysis,
  type Measurement,
  measure,
  worstPhase,
} from '../../src/rollout/analysis.ts';
import {
  blueGreenStages,
  canaryFaults,
  canaryStages,
  primaryWeights,
  shadowStage,
} from '../../src/rollout/steps.ts';

const VECTORS = new URL('../../../shared/vectors/alarms.json', import.meta.url);
const absent = existsSync(VECTORS) ? '' : ' (../shared/vectors is absent)';
const read = () => JSON.parse(readFileSync(VECTORS, 'utf8'));

interface WeightCase {
  step_weight?: number;
  step_weights?: number[];
  ticks?: number;
  primary_weight: number[];
}
interface LimitCase {
  failure_limit?: number;
  failed?: number;
  inconclusive_limit?: number;
  inconclusive?: number;
  consecutive_error_limit?: number;
  consecutive_errors?: number;
  phase: string;
}

const common = { durationMs: 60_000, nMin: 100, gate: 'auto' } as const;
const analysis = (over: Partial<AnalysisSpec>): AnalysisSpec => ({
  name: 'failures',
  ...ANALYSIS_DEFAULTS,
  ...over,
});
const after = (spec: AnalysisSpec, ...seen: Measurement[]) =>
  analysisPhase(
    spec,
    seen.reduce((state, one) => measure(spec, state, one), createAnalysis()),
  );
const times = (n: number, one: Measurement): Measurement[] => new Array<Measurement>(n).fill(one);

describe.skipIf(absent !== '')(`published values${absent}`, () => {
  test('weights of the primary at each tick', () => {
    for (const { step_weight, step_weights, primary_weight } of read().canary_steps as WeightCase[]) {
      const spec =
        step_weights === undefined
          ? { ...common, stepWeight: step_weight! }
          : { ...common, stepWeights: step_weights };
      expect(canaryFaults(spec)).toEqual([]);
      expect(primaryWeights(canaryStages(spec, 'keep'), primary_weight.length - 1)).toEqual(primary_weight);
    }
  });

  test('limits of repeated checks', () => {
    for (const one of read().analysis_limits as LimitCase[]) {
      const spec = analysis({
        failureLimit: one.failure_limit ?? 0,
        inconclusiveLimit: one.inconclusive_limit ?? 0,
        errorLimit: one.consecutive_error_limit ?? 4,
      });
      const seen = [
        ...times(one.failed ?? 0, 'failed'),
        ...times(one.inconclusive ?? 0, 'inconclusive'),
        ...times(one.consecutive_errors ?? 0, 'error'),
      ];
      expect(after(spec, ...seen)).toBe(one.phase);
    }
  });
});

test('stages of one size end at 100 %, and the last that compares needs the verdict', () => {
  const stages = canaryStages({ ...common, stepWeight: 30 }, 'promote');
  expect(stages.map(({ share, kind, needs }) => [share, kind, needs])).toEqual([
    [0.3, 'canary', 'keep'],
    [0.6, 'canary', 'keep'],
    [0.9, 'canary', 'promote'],
    [1, 'live', 'keep'],
  ]);
  expect(stages[3]).toMatchObject({ durationMs: 60_000, nMin: 100 });
  // Sizes that do not divide 100 exactly in binary.
  expect(canaryStages({ ...common, stepWeight: 33.34 }, 'keep').map(({ share }) => share)).toEqual([
    0.3334, 0.6668, 1,
  ]);
  expect(canaryStages({ ...common, stepWeight: 0.1 }, 'keep').length).toBe(1000);
});

test('explicit steps keep what each says; without one of 100 % the candidate is live at once', () => {
  const steps = [
    { share: 0.01, durationMs: 1, nMin: 2, gate: 'manual' },
    { share: 0.5, durationMs: 3, nMin: 4, gate: 'auto' },
  ] as const;
  expect(canaryStages({ steps }, 'promote')).toEqual([
    { ...steps[0], kind: 'canary', needs: 'keep' },
    { ...steps[1], kind: 'canary', needs: 'promote' },
    { kind: 'live', share: 1, durationMs: 0, nMin: 0, gate: 'auto', needs: 'keep' },
  ]);
  expect(blueGreenStages(common, common, 'promote').map(({ share }) => share)).toEqual([0, 1]);
  expect(primaryWeights([shadowStage({ ...common, share: 0.5 }, 'keep')], 1)).toEqual([100, 100]);
});

test.each([
  [{ ...common, stepWeight: 0 }, 'step_weight: 0; give more than 0'],
  [{ ...common, stepWeight: 101 }, 'step_weight: 101'],
  [{ ...common, stepWeights: [] }, 'give at least one'],
  [{ ...common, stepWeights: [10, 5] }, 'step 2: let shares rise'],
  [{ ...common, stepWeights: [10, 120] }, 'step 2: a share of 120 %'],
  [{ steps: [{ ...common, share: 0.00005 }] }, 'step 1: a share of 0.005 %'],
  [{ ...common, stepWeights: [10], durationMs: -1 }, 'give a duration'],
  [{ ...common, stepWeights: [10], nMin: 0.5 }, 'give min_n as a whole number'],
])('a canary is refused: %j', (spec, fault) => {
  expect(canaryFaults(spec).join('\n')).toContain(fault);
});

test('successes end errors in a row, and both rows; errors do not count as measurements', () => {
  const spec = analysis({ errorLimit: 1, count: 3, failureLimit: 5 });
  expect(after(spec, 'error', 'successful', 'error', 'successful')).toBe('running');
  expect(after(spec, 'error', 'error')).toBe('error');
  expect(after(spec, 'error', 'failed', 'error', 'failed')).toBe('running');
  expect(after(spec, 'successful', 'failed', 'successful')).toBe('successful');
});

test('successes in a row are enough, and inconclusive where they do not come', () => {
  const spec = analysis({ successLimit: 2, count: 4, failureLimit: 5 });
  expect(after(spec, 'successful', 'successful')).toBe('successful');
  expect(after(spec, 'successful', 'failed', 'successful', 'failed')).toBe('inconclusive');
  expect(after(spec, 'successful', 'failed', 'successful')).toBe('running');
});

test('what is decided stays so, and of several checks the worst counts but for dry runs', () => {
  const spec = analysis({});
  expect(after(spec, 'failed', 'successful', 'successful')).toBe('failed');
  const dry = analysis({ dryRun: true });
  expect(worstPhase([])).toBe('successful');
  expect(
    worstPhase([
      [spec, 'running'],
      [dry, 'failed'],
      [spec, 'error'],
      [spec, 'inconclusive'],
    ]),
  ).toBe('error');
});
