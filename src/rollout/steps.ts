/** The stages of a roll-out: what a strategy says, and the explicit list that is run. */

import type { RolloutStage as Stage } from '../records.ts';

type Common = Pick<Stage, 'durationMs' | 'nMin' | 'gate'>;

/** Shares in percent: steps of one size up to 100, a list, or stages in full. */
export type CanarySpec =
  | (Common & { stepWeight: number })
  | (Common & { stepWeights: readonly number[] })
  | { steps: readonly (Common & { share: number })[] };

const PERCENT = 100;

/** What is wrong with a canary, with its cure; empty: nothing. */
export function canaryFaults(spec: CanarySpec): string[] {
  const steps = 'steps' in spec ? spec.steps : sharesOf(spec).map((share) => ({ ...spec, share }));
  const faults: string[] = [];
  if ('stepWeight' in spec && !(spec.stepWeight > 0 && spec.stepWeight <= PERCENT))
    faults.push(`step_weight: ${spec.stepWeight}; give more than 0 and at most 100`);
  else if (steps.length === 0) faults.push('steps: give at least one');
  steps.forEach(({ share, durationMs, nMin }, i) => {
    const at = `step ${i + 1}`;
    // Finer shares cannot be dealt: a split has ten thousand buckets.
    if (!(share > 0 && share <= 1) || Math.abs(share * 1e4 - Math.round(share * 1e4)) > 1e-6)
      faults.push(`${at}: a share of ${share * PERCENT} %; give 0.01 to 100 in steps of 0.01`);
    if (i > 0 && share <= steps[i - 1]!.share) faults.push(`${at}: let shares rise`);
    if (!(durationMs >= 0)) faults.push(`${at}: give a duration of 0 or more`);
    if (!(Number.isInteger(nMin) && nMin >= 0)) faults.push(`${at}: give min_n as a whole number from 0 on`);
  });
  return faults;
}

/** Shares in 0..1, in hundredths of a percent. */
function sharesOf(spec: { stepWeight: number } | { stepWeights: readonly number[] }): number[] {
  const round = (weight: number): number => Math.round(weight * 1e4) / (1e4 * PERCENT);
  if ('stepWeights' in spec) return spec.stepWeights.map(round);
  if (!(spec.stepWeight > 0)) return [];
  const count = Math.ceil(PERCENT / spec.stepWeight - 1e-9);
  return Array.from({ length: count }, (_, i) => round(Math.min(PERCENT, (i + 1) * spec.stepWeight)));
}

/**
 * The canary's stages, with one at 100 % as the last. The last one that still has two sides needs `finish`, all before it `keep`: at 100 % there
 * is nobody left to compare with.
 */
export function canaryStages(spec: CanarySpec, finish: Stage['needs']): Stage[] {
  const steps =
    'steps' in spec
      ? spec.steps
      : sharesOf(spec).map((share) => ({
          share,
          durationMs: spec.durationMs,
          nMin: spec.nMin,
          gate: spec.gate,
        }));
  const split = steps.filter(({ share }) => share < 1);
  const stages = split.map(
    (step, i): Stage => ({ ...step, kind: 'canary', needs: i === split.length - 1 ? finish : 'keep' }),
  );
  const whole = steps.find(({ share }) => share === 1);
  return [...stages, { ...(whole ?? LIVE_AT_ONCE), kind: 'live', share: 1, needs: 'keep' }];
}

/** Where a canary does not say how long it is watched at 100 %, not at all. */
const LIVE_AT_ONCE: Common = { durationMs: 0, nMin: 0, gate: 'auto' };

/** Percent of the primary before the first stage and in each of the next `ticks`. */
export function primaryWeights(stages: readonly Stage[], ticks: number): number[] {
  const shares = stages.slice(0, ticks).map(({ kind, share }) => (kind === 'shadow' ? 0 : share));
  return [0, ...shares].map((share) => Math.round((1 - share) * 1e4) / PERCENT);
}

/** Blue-green: the candidate is tried by those who ask for it, then answers everything at once, and is watched. */
export const blueGreenStages = (preview: Common, live: Common, finish: Stage['needs']): Stage[] => [
  { ...preview, kind: 'preview', share: 0, needs: finish },
  { ...live, kind: 'live', share: 1, needs: 'keep' },
];

/** Shadowing before anything else. */
export const shadowStage = (common: Common & { share: number }, needs: Stage['needs']): Stage => ({
  ...common,
  kind: 'shadow',
  needs,
});
