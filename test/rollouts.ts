import type { RolloutRecord } from '../src/records.ts';

const HOUR_MS = 3_600_000;
const T0 = Date.UTC(2026, 2, 1);

/** The step into the second of three stages, by evidence that shows nothing yet. */
export function makeRollout(over: Partial<RolloutRecord> = {}): RolloutRecord {
  return {
    id: 'o1',
    rolloutId: 'rollout-1',
    service: 'fraud',
    seq: 1,
    atMs: T0 + HOUR_MS,
    candidate: 'forest',
    primary: 'mlp',
    event: 'advanced',
    status: 'running',
    stage: 1,
    stages: 3,
    stageKind: 'canary',
    share: 0.1,
    by: '',
    reason: 'stage 1 of 3 is done: verdict keep',
    commandId: '',
    levelSeen: '',
    verdict: 'keep',
    doubt: '',
    counts: { n: 1_200, better: 10, worse: 7, due: 1_500.5 },
    exposed: 310,
    metrics: [
      {
        ...{ metric: 'wrong_answers', n: 1_200, difference: -0.0025, low: -0.015, high: 0.008 },
        ...{ logEWorse: -1, logEBetter: 2 },
        tallies: [
          {
            ...{ share: 0.1, centre: 0.2, due: 98 },
            ...{ candidate: { n: 90, bad: 17 }, primary: { n: 810, bad: 160 } },
          },
        ],
      },
    ],
    split: [{ epoch: 1, versions: ['mlp', 'forest'], shares: [0.9, 0.1], counts: [900, 100], elsewhere: 1 }],
    difference: -0.0025,
    low: -0.015,
    high: 0.008,
    logEWorse: -1,
    logEBetter: 2,
    logBoundary: Math.log(40),
    needed: 700,
    spec: '{"candidate":"forest"}',
    table: '{"format":"telltale-routing/1","level":"full"}',
    configDigest: 'd1',
    previousHash: '',
    hash: 'h1',
    ...over,
  };
}
