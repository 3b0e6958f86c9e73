/** Steps of the level as `telltale audit verify` computes them again. */

import { beforeEach, describe, expect, it } from 'vitest';
import { hashOf } from '../../src/cli/audit/chain.ts';
import { auditLevels } from '../../src/cli/audit/levels.ts';
import { auditOutcomes } from '../../src/cli/audit/outcomes.ts';
import { createWindows, noteResult } from '../../src/cli/audit/windows.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Result, RolloutRecord, ServiceSpec } from '../../src/records.ts';
import type { LevelSeen } from '../../src/rollout/level-seen.ts';
import { registries } from '../config/support.ts';
import {
  BETTER,
  createStory,
  FILES,
  FRAUD,
  HOUR_MS,
  outcomes,
  START_MS,
  type Story,
} from './rollout-support.ts';
import { folder } from './support.ts';

const at = (hours: number): number => START_MS + hours * HOUR_MS;
const GOOD = outcomes([1_000, 2], [500, 60]);
const BAD = outcomes([1_000, 80], [500, 60]);
const AUTOMATION = `automation:
  output: fraud
  up_to: partial
  target_risk: 0.02
  hold: 2h
  gate: auto
  stop_on: { rules: [errors] }
`;

let spec: ServiceSpec;
let story: Story;

const specOf = async (text: string): Promise<ServiceSpec> => {
  const { services } = await loadConfig(folder({ ...FILES, 'services/fraud.yaml': text }), registries, {
    env: {},
  });
  return services.find(({ service }) => service === 'fraud')!;
};
const withoutRollout = FRAUD.slice(0, FRAUD.indexOf('rollout:'));

beforeEach(async () => {
  spec = await specOf(withoutRollout + AUTOMATION);
  story = createStory(spec);
  story.configure(spec, at(0));
  for (const hour of [1, 2, 3, 4, 5, 6]) story.answers(at(hour), { mlp: GOOD });
  story.answers(at(7), { mlp: BAD });
  story.command({ kind: 'rollout.level', target: 'partial' }, at(8));
  story.command({ kind: 'rollout.level', target: 'human_only', reason: 'a new team' }, at(8));
  for (const hour of [9, 10, 11]) story.answers(at(hour), { mlp: GOOD });
});

/** Hashes anew, as whoever can write the whole topic can. */
function sealed(records: readonly RolloutRecord[]): RolloutRecord[] {
  let previousHash = '';
  return records.map((record) => {
    const one = { ...record, previousHash };
    previousHash = hashOf(one);
    return { ...one, hash: previousHash };
  });
}
const placed = (records: readonly RolloutRecord[]) =>
  sealed(records).map((record) => ({ record, place: '' }));
const faultsOf = (records: readonly RolloutRecord[], by: ServiceSpec | null = spec): string[] =>
  auditLevels(placed(records), by).faults.map(({ seq, message }) => `${seq} ${message}`);

/** The records with some of what one saw changed. */
function withSeen(seq: number, change: (seen: LevelSeen & { cause: 'look' }) => void): RolloutRecord[] {
  return story.records.map((record) => {
    if (record.seq !== seq) return record;
    const seen = JSON.parse(record.levelSeen) as LevelSeen & { cause: 'look' };
    change(seen);
    return { ...record, levelSeen: JSON.stringify(seen) };
  });
}
const withChange = (
  seq: number,
  change: (record: RolloutRecord) => Partial<RolloutRecord>,
): RolloutRecord[] =>
  story.records.map((record) => (record.seq === seq ? { ...record, ...change(record) } : record));
const seqOf = (event: string, words: string): number =>
  story.records.find((record) => record.event === event && record.reason.startsWith(words))!.seq;

describe('the audit of levels', () => {
  it('finds nothing in what the service wrote', () => {
    expect(story.records.map(({ event, reason }) => `${event} ${reason.replace(/: .*/, '')}`)).toEqual([
      'level shadow',
      'level shadow -> assist',
      'level_waits assist stays',
      'level assist -> partial',
      'level partial -> assist',
      'refused level',
      'level assist -> human_only',
      'level_open human_only -> shadow is open to a person',
    ]);
    expect(auditLevels(placed(story.records), spec)).toEqual({ checked: story.records.length, faults: [] });
  });

  it('finds nothing where a roll-out brings another model, which keeps less', async () => {
    spec = await specOf(FRAUD + AUTOMATION);
    story = createStory(spec);
    story.configure(spec, at(0));
    for (const hour of [1, 2, 3, 4]) story.answers(at(hour), { mlp: GOOD, forest: BAD });
    story.window(at(4), BETTER);
    story.command({ kind: 'rollout.promote', target: 'full' }, at(5));
    const levels = story.records.filter(({ event }) => event === 'level').map(({ reason }) => reason);
    expect(levels.at(-1)).toMatch(/^partial -> assist: another model answers, forest, of which no threshold/);
    const { checked, faults } = auditLevels(placed(story.records), spec);
    expect([checked, faults]).toEqual([
      story.records.filter(({ event }) => event.startsWith('level')).length,
      [],
    ]);
    // The step that makes the other model the primary has the lower level already; without the record that says why it is a forgery.
    const last = story.records.findLast(({ event }) => event === 'level')!;
    const later = { ...last, event: 'paused', levelSeen: '', by: 'ann', table: '' };
    expect(faultsOf([...story.records.filter(({ seq }) => seq < last.seq), later])).toEqual([
      `${last.seq} the level was assist before it, and no record says why`,
    ]);
  });

  it('finds nothing where people set the level of a service without automation', async () => {
    spec = await specOf(withoutRollout);
    story = createStory(spec);
    story.command({ kind: 'rollout.level', target: 'assist', reason: 'so' }, at(1));
    story.command({ kind: 'rollout.level', target: 'assist' }, at(1));
    story.command({ kind: 'rollout.level', target: 'full' }, at(2));
    expect(faultsOf(story.records)).toEqual([]);
    expect(story.records.map(({ levelSeen }) => levelSeen)).toEqual(['', '', '']);
    expect(faultsOf(withChange(3, () => ({ by: '' })))).toEqual([
      '3 it says nothing of what the level rests on',
    ]);
    expect(faultsOf(withChange(3, () => ({ reason: 'shadow -> full' })))).toEqual([
      "3 the level goes from assist to full, and its reason is 'shadow -> full'",
    ]);
  });

  const words = { rise: 'assist -> partial', fall: 'partial -> assist', down: 'assist -> human_only' };
  it.each<[string, () => RolloutRecord[], RegExp]>([
    [
      'a level that does not follow',
      () =>
        withChange(seqOf('level', words.rise), ({ table }) => ({
          table: table.replace('"partial"', '"full"').replace(/,"threshold":[\d.]+/, ''),
        })),
      /^4 computed again, the level is 'partial from 0\.6 on' and not 'full'/,
    ],
    [
      'a lower threshold',
      () =>
        withChange(seqOf('level', words.rise), ({ table }) => ({
          table: table.replace('"threshold":0.6', '"threshold":0.5'),
        })),
      /^4 computed again, the level is 'partial from 0\.6 on' and not 'partial from 0\.5 on'/,
    ],
    [
      'another reason',
      () => withChange(seqOf('level', words.fall), () => ({ reason: 'partial -> assist: the weather' })),
      /^5 computed again, the reason is 'partial -> assist: of the last .*' and not 'partial -> assist: the weather'$/,
    ],
    [
      'another event',
      () => withChange(seqOf('level', words.rise), () => ({ event: 'level_open' })),
      /^4 computed again, the event is 'level' and not 'level_open'$/,
    ],
    [
      'another time',
      () => withChange(seqOf('level', words.rise), ({ atMs }) => ({ atMs: atMs - HOUR_MS })),
      /^4 computed again, the time is /,
    ],
    [
      'another person',
      () => withChange(seqOf('level', words.down), () => ({ by: 'bob' })),
      /^7 computed again, who asked is 'ann' and not 'bob'$/,
    ],
    [
      'better answers, from which nothing follows',
      () =>
        withSeen(seqOf('level', words.fall), ({ states }) => {
          states.decided.spans.forEach((span) => {
            span.wrong = 0;
          });
        }),
      /^5 from what it saw no step of the level follows$/,
    ],
    [
      'answers that are too many to be right',
      () =>
        withSeen(seqOf('level', words.rise), ({ states }) => {
          states.models.mlp!.wrong[0] = 7;
        }),
      /^4 of the answers of mlp more are wrong than there are$/,
    ],
    [
      'another section',
      () =>
        withSeen(seqOf('level', words.rise), (seen) => {
          seen.spec = { ...seen.spec, targetRisk: 0.5 };
        }),
      /^4 its section automation is another than that of its configuration$/,
    ],
    [
      'another level before',
      () =>
        withSeen(seqOf('level', words.rise), ({ states }) => {
          states.ladder!.sinceMs -= HOUR_MS;
        }),
      /^4 it goes on from the level assist since \d+, and that before it is assist since \d+$/,
    ],
    [
      'a person who is forgotten',
      () =>
        withSeen(seqOf('level_open', 'human_only'), ({ states }) => {
          states.isHeld = false;
        }),
      /^8 a person has lowered the level, and it does not say so$/,
    ],
    [
      'another model',
      () =>
        withSeen(seqOf('level', words.rise), (seen) => {
          seen.states.models.forest = seen.states.models.mlp!;
          seen.active = 'forest';
          seen.states.active = seen.states.active.replace('mlp', 'forest');
        }),
      /^4 it judges forest, and the primary of the routing table is mlp$/,
    ],
    [
      'no evidence at all',
      () => withChange(seqOf('level', words.rise), () => ({ levelSeen: '' })),
      /^4 it says nothing of what the level rests on$/,
    ],
    [
      'evidence that cannot be read',
      () => withChange(seqOf('level', words.rise), () => ({ levelSeen: '{' })),
      /^4 its level cannot be computed: /,
    ],
  ])('finds %s', (_, records, fault) => {
    expect(faultsOf(records())[0]).toMatch(fault);
  });

  describe('counts answers once more', () => {
    const audit = (results: readonly Result[], records = story.records, cut = false, by = spec) => {
      const windows = createWindows();
      for (const result of results) noteResult(windows, result, cut);
      const { checked, unchecked, faults } = auditOutcomes(placed(records), by, windows);
      return {
        checked,
        unchecked: [...unchecked],
        faults: faults.map(({ seq, message }) => `${seq} ${message}`),
      };
    };

    it('finds them on the topic', () => {
      // All but the first, which rests on none.
      expect(audit(story.results)).toEqual({ checked: story.records.length - 1, unchecked: [], faults: [] });
    });

    it.each<[string, () => ReturnType<typeof audit>, string]>([
      [
        'a window that is gone',
        () => audit(story.results.slice(1)),
        '2 it rests on 1500 labelled answers of mlp of which 62 were wrong, the windows have 0 and 0',
      ],
      [
        'more answers than there were',
        () =>
          audit(
            story.results,
            withSeen(4, ({ states }) => {
              states.models.mlp!.n[1]! += 9;
            }),
          ),
        '4 it rests on ',
      ],
      [
        'fewer wrong ones',
        () =>
          audit(
            story.results,
            withSeen(4, ({ states }) => {
              states.models.mlp!.wrong[1]! -= 9;
            }),
          ),
        '4 it rests on ',
      ],
    ])('finds %s', (_, found, fault) => {
      expect(found().faults[0]).toContain(fault);
    });

    it('says what cannot be checked', () => {
      const gone = audit(story.results.slice(3), story.records, true);
      expect(gone.unchecked).toEqual([['results before 2026-01-05T12:00:00.000Z are gone', 4]]);
      expect(gone).toMatchObject({ checked: 3, faults: [] });
      const other = { ...spec, digest: 'another' };
      const [[reason] = []] = audit(story.results.slice(1), story.records, false, other).unchecked;
      expect(reason).toMatch(/the windows have 0 and 0, and the configuration is another one now$/);
    });
  });
});
