import { describe, expect, it } from 'vitest';
import {
  commandRetrain,
  createRetrainState,
  DECIDED_MAX,
  noteAlerts,
  stepRetrain,
  TRIGGERS_MAX,
} from '../../src/action/retrain.ts';
import { idOf } from '../../src/math/hash.ts';
import type { RetrainSpec } from '../../src/records.ts';
import { makeAlert, makeCommand, makeSpec, play, rangesOf, type Verb } from './support.ts';

const AUTO: Partial<RetrainSpec> = { mode: 'automatic' };

const SCENARIOS: { name: string; retrain?: Partial<RetrainSpec>; words: string; said: string[] }[] = [
  { name: 'nothing without an alert', words: 'closed@100', said: [] },
  { name: 'waits until all streams are closed', words: 'C@50 closed@49', said: [] },
  { name: 'goes out when they are', words: 'C@50 closed@49 closed@50 closed@60', said: ['requested 10-50'] },
  { name: 'automatic: approved at once', retrain: AUTO, words: 'C@50 closed@50', said: ['approved 10-50'] },
  {
    name: 'a person approves',
    words: 'C@50 closed@50 approve@70',
    said: ['requested 10-50', 'approved 10-50'],
  },
  {
    name: 'a person rejects',
    words: 'C@50 closed@50 reject@70',
    said: ['requested 10-50', 'rejected 10-50'],
  },
  {
    name: 'a training reports that it started and ended',
    words: 'C@50 closed@50 approve@70 started@80 done@90',
    said: ['requested 10-50', 'approved 10-50', 'started 10-50', 'done 10-50'],
  },
  {
    name: 'or its end alone, also of an automatic request',
    retrain: AUTO,
    words: 'C@50 closed@50 failed@90',
    said: ['approved 10-50', 'failed 10-50'],
  },
  {
    name: 'so many in a time at most',
    retrain: { ...AUTO, cooldownMs: 0, max: { count: 2, periodMs: 100 } },
    words:
      'C@50 closed@50 C@60 closed@60 C@149 closed@149 C@150 closed@150 C@155 closed@155 C@160 closed@160',
    said: ['approved 10-50', 'approved 20-60', 'approved 110-150', 'approved 120-160'],
  },
  { name: 'a resolved alert asks for nothing', words: 'R@50 closed@50', said: [] },
  { name: 'nor does a rule that is not in `on`', words: 'X@50 closed@50', said: [] },
  { name: 'nor one below the level', words: 'W@50 closed@50', said: [] },
  {
    name: 'level warning',
    retrain: { level: 'warning' },
    words: 'W@50 closed@50',
    said: ['requested 10-50'],
  },
  {
    name: 'level warning is asked for by critical too',
    retrain: { level: 'warning' },
    words: 'C@50 closed@50',
    said: ['requested 10-50'],
  },
  {
    name: 'an alert that comes before it goes out is added, its window ends where it did',
    words: 'C@50 E@60 closed@60',
    said: ['requested 10-50'],
  },
  {
    name: 'an earlier onset of a later trigger moves the beginning',
    words: 'C@50 E@40 closed@60',
    said: ['requested 0-50'],
  },
  {
    name: 'no second request while one waits, not even after the cooldown',
    words: 'C@50 closed@50 E@300 closed@300',
    said: ['requested 10-50'],
  },
  {
    name: 'the cooldown ends at its time',
    retrain: AUTO,
    words: 'C@50 closed@50 C@149 closed@149 C@150 closed@150',
    said: ['approved 10-50', 'approved 110-150'],
  },
  {
    name: 'a rejection does not end the cooldown',
    words: 'C@50 closed@50 reject@60 C@140 closed@140 C@150 closed@150',
    said: ['requested 10-50', 'rejected 10-50', 'requested 110-150'],
  },
  {
    name: 'without a cooldown a window asks once all the same',
    retrain: { ...AUTO, cooldownMs: 0 },
    words: 'C@50 closed@50 C@50 E@50 closed@50 E@60 closed@60',
    said: ['approved 10-50', 'approved 20-60'],
  },
];

describe('the life of a request', () => {
  it.each(SCENARIOS)('$name', ({ retrain, words, said }) => {
    const spec = makeSpec(retrain);
    const straight = play(createRetrainState(), spec, words);
    expect(straight.said).toEqual(said);
    expect(straight.refusals).toEqual([]);
    expect(play(createRetrainState(), spec, words, true)).toEqual(straight);
  });

  it('says everything in its records', () => {
    const { records } = play(createRetrainState(), makeSpec(), 'C@50 E@40 E@40 closed@80 approve@95');
    const retrainId = idOf('retrain', 'fraud', 50, 'drift@50');
    const requested = {
      id: idOf('retrain-record', retrainId, 'requested'),
      retrainId,
      service: 'fraud',
      state: 'requested',
      mode: 'manual',
      atMs: 50,
      by: '',
      reason: 'drift: critical on amount; errors: critical on amount',
      triggers: [makeAlert(50), makeAlert(40, { rule: 'errors' })],
      data: { fromMs: 0, toMs: 50, ranges: rangesOf(0, 50) },
      cooldownUntilMs: 150,
      configDigest: 'digest-1',
      model: null,
    };
    const approved = {
      ...requested,
      id: idOf('retrain-record', retrainId, 'approved'),
      state: 'approved',
      atMs: 95,
      by: 'ada',
      reason: 'approve it',
    };
    expect(records).toEqual([requested, approved]);
  });

  it('takes no more triggers while it waits', () => {
    const { state } = play(createRetrainState(), makeSpec(), 'C@50 closed@50');
    const before = JSON.stringify(state);
    noteAlerts(state, makeSpec(), [makeAlert(60, { rule: 'errors' })]);
    expect(JSON.stringify(state)).toBe(before);
  });

  it('approves by nobody in mode automatic', () => {
    const [record] = play(createRetrainState(), makeSpec(AUTO), 'C@50 closed@80').records;
    expect(record).toMatchObject({ state: 'approved', mode: 'automatic', by: '', atMs: 50 });
  });

  it('carries a bounded number of triggers and counts the others', () => {
    const state = createRetrainState();
    const alerts = Array.from({ length: TRIGGERS_MAX + 5 }, (_, i) =>
      makeAlert(50, { id: `a${i}`, subject: '', segment: `country=c${i}`, sinceMs: 40 - i }),
    );
    noteAlerts(state, makeSpec(), alerts);
    const [record] = stepRetrain(state, makeSpec(), 50, rangesOf);
    expect(record!.triggers).toHaveLength(TRIGGERS_MAX);
    expect(record!.data.fromMs).toBe(40 - (TRIGGERS_MAX + 4) - 30);
    expect(record!.reason).toBe(
      'drift: critical in country=c0; drift: critical in country=c1; drift: critical in country=c2; and 102 more',
    );
  });
});

describe('a change of config', () => {
  it('forgets an incomplete request when `retrain` is taken away, and keeps one that waits', () => {
    const incomplete = play(createRetrainState(), makeSpec(), 'C@50').state;
    expect(play(incomplete, makeSpec(null), 'E@55 closed@60').said).toEqual([]);
    expect(play(incomplete, makeSpec(), 'closed@60').said).toEqual([]);

    const { state, records } = play(createRetrainState(), makeSpec(), 'C@50 closed@50');
    stepRetrain(state, makeSpec(null), 60, rangesOf);
    const command = makeCommand('approve', records[0]!.retrainId);
    expect(commandRetrain(state, makeSpec(null), command, 70).retrains.map((r) => r.state)).toEqual([
      'approved',
    ]);
  });

  it('lets a person decide what waits when the mode becomes automatic', () => {
    const { state, records } = play(createRetrainState(), makeSpec(), 'C@50 closed@50');
    const command = makeCommand('reject', records[0]!.retrainId);
    expect(commandRetrain(state, makeSpec(AUTO), command, 70).retrains.map((r) => r.mode)).toEqual([
      'manual',
    ]);
  });
});

describe('refusals', () => {
  const id = idOf('retrain', 'fraud', 50, 'drift@50');
  it.each<[string, Partial<RetrainSpec> | null, string, Verb, string, string]>([
    ['unknown', {}, 'C@50 closed@50', 'approve', 'nope', 'there is no request for retraining nope in fraud'],
    ['no retrain', null, '', 'approve', 'nope', 'there is no request for retraining nope in fraud'],
    ['approved', {}, 'C@50 closed@50 approve@60', 'approve', id, `retrain ${id} is already approved by ada`],
    ['rejected', {}, 'C@50 closed@50 reject@60', 'approve', id, `retrain ${id} is already rejected by ada`],
    [
      'not complete',
      {},
      'C@50 closed@40',
      'reject',
      id,
      `the data of retrain ${id} are not complete yet; it can be decided when it is requested`,
    ],
    [
      'not approved yet',
      {},
      'C@50 closed@50',
      'started',
      id,
      `retrain ${id} waits for a decision; a training can be reported when it is approved`,
    ],
    [
      'of a rejected one',
      {},
      'C@50 closed@50 reject@60',
      'done',
      id,
      `retrain ${id} is already rejected by ada`,
    ],
    ['twice', AUTO, 'C@50 closed@50 started@60', 'started', id, `retrain ${id} is already started by ada`],
    ['after its end', AUTO, 'C@50 closed@50 failed@60', 'done', id, `retrain ${id} is already failed by ada`],
    [
      'automatic',
      AUTO,
      'C@50 closed@50',
      'reject',
      id,
      `retrain ${id} was approved automatically; there is nothing to decide`,
    ],
    [
      'automatic, unknown',
      AUTO,
      'C@50',
      'approve',
      'nope',
      'fraud asks for retraining automatically; no request waits for a decision',
    ],
  ])('%s', (_name, retrain, words, kind, target, refused) => {
    const spec = makeSpec(retrain);
    const { state } = play(createRetrainState(), spec, words);
    const before = JSON.stringify(state);
    expect(commandRetrain(state, spec, makeCommand(kind, target, 'bob'), 80)).toEqual({
      retrains: [],
      refused,
    });
    expect(JSON.stringify(state)).toBe(before);
  });

  it('remembers a bounded number of decisions, the newest', () => {
    const spec = makeSpec({ ...AUTO, cooldownMs: 0 });
    const words = Array.from({ length: DECIDED_MAX + 2 }, (_, i) => `C@${50 + i} closed@${50 + i}`).join(' ');
    const { state, records } = play(createRetrainState(), spec, words);
    expect(records).toHaveLength(DECIDED_MAX + 2);
    expect(state.decided.map((d) => d.retrainId)).toEqual(records.slice(2).map((r) => r.retrainId));
  });
});
