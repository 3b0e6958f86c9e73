/** From alarms to incidents, and what receivers hear of them. */

import { describe, expect, it } from 'vitest';
import { commandSilence } from '../../../src/alarm/incident/step.ts';
import type { IncidentSpec, MaintenanceSpec, Matcher, SilenceSpec } from '../../../src/records.ts';
import { MINUTE_MS, makeRule } from '../support.ts';
import { follow, makeService, momentOf, type States, told } from './support.ts';

const HOUR = 60;
const storm = { count: 2, periodMs: HOUR * MINUTE_MS };
const at = (throughMinute: number) => ({ throughMinute });

describe('one cause', () => {
  const opened = (story: string[], over: Partial<IncidentSpec> = {}) =>
    follow(makeService(over), story.map(momentOf), at(200)).states.incidents.open.map(({ members }) =>
      Object.keys(members).map((fingerprint) => fingerprint.split('|').slice(0, 2).join(' ')),
    );

  it('is of onsets that lie close, at whichever time they were noticed', () => {
    const story = ['5 a - * warning', '30 b - * warning since 4', '100 c - * warning since 66'];
    expect(opened(story)).toEqual([['a -', 'b -'], ['c -']]);
    expect(opened(story, { withinMs: 10 * HOUR * MINUTE_MS })).toEqual([['a -', 'b -', 'c -']]);
  });

  it('is of one input, unless that is not wanted', () => {
    const story = ['5 a amount * warning', '90 b amount.length country=de warning', '95 c country * warning'];
    expect(opened(story)).toEqual([['a amount', 'b amount.length'], ['c country']]);
    expect(opened(story, { sharesInputs: false })).toEqual([['a amount'], ['b amount.length', 'c country']]);
  });

  it('is of the inputs that have moved, by the evidence', () => {
    const moments = ['5 a amount * warning', '90 budget - * warning'].map(momentOf);
    const subjects = [
      { name: 'amount', share: 0.7 },
      { name: 'hour', share: 0.05 },
    ];
    const evidence = { kind: 'data', onsetMs: 80 * MINUTE_MS, streams: [], subjects, segments: [] } as const;
    Object.assign(moments[1]!.alert, { evidence: { ...evidence, log10Evidence: 9, log10Boundary: 5 } });
    const { open } = follow(makeService(), moments, at(200)).states.incidents;
    expect(open.map(({ inputs, rules }) => [inputs, rules])).toEqual([[['amount'], ['a', 'budget']]]);
  });

  it('is of the rules that a rule over others asks', () => {
    const harm = makeRule({
      name: 'harm',
      metric: '',
      warning: null,
      critical: null,
      when: { condition: { rule: 'a', level: 'info' }, level: 'critical' },
      forMs: 2 * HOUR * MINUTE_MS,
    });
    const { open } = follow(makeService({}, [harm]), [momentOf('5 a - * warning')], at(200)).states.incidents;
    expect(open.map(({ rules }) => rules)).toEqual([['a', 'harm']]);
  });

  it('is over when nothing of it fires, and then another one begins', () => {
    const story = ['5 a - * warning', '6 a - * ok', '7 a - * warning'];
    const { records } = follow(makeService(), story.map(momentOf), at(9));
    expect(records.map(({ state, notify, fired }) => [state, notify, fired])).toEqual([
      ['open', 'first_notification', 1],
      ['resolved', 'all_alerts_resolved', 1],
      ['open', 'first_notification', 1],
    ]);
    expect(new Set(records.map(({ incidentId }) => incidentId)).size).toBe(2);
    expect(new Set(records.map(({ id }) => id)).size).toBe(3);
  });
});

describe('a record', () => {
  it('says what it is about', () => {
    const story = [
      '5 drift amount country=de warning',
      '5 drift amount country=fr critical since 4',
      '5 errors - * warning',
    ];
    const { records } = follow(makeService(), story.map(momentOf), at(5));
    expect(records).toHaveLength(1);
    expect(records[0]).toMatchObject({
      ...{ service: 'fraud', state: 'open', level: 'critical', notify: 'first_notification', muted: '' },
      summary: '3 alarms of drift, errors; amount; in country=de, country=fr',
      ...{ isStorm: false, onsetMs: 4 * MINUTE_MS, openedMs: 5 * MINUTE_MS, atMs: 5 * MINUTE_MS },
      ...{ firing: 3, mutedAlarms: 0, fired: 3, rules: ['drift', 'errors'], inputs: ['amount'] },
    });
    expect(records[0]!.alarms.map(({ rule, segment }) => `${rule} ${segment}`)).toEqual([
      'drift country=fr',
      'drift country=de',
      'errors *',
    ]);
  });

  it('is one for each change, also where nobody is told', () => {
    const story = ['5 a - * warning', '6 b - * warning', '7 b - * ok', '8 a - * ok'];
    const { records } = follow(makeService(), story.map(momentOf), at(9));
    expect(
      records.map(({ atMs, state, notify, firing }) => [atMs / MINUTE_MS, state, notify, firing]),
    ).toEqual([
      [5, 'open', 'first_notification', 1],
      [6, 'open', '', 2],
      [7, 'open', '', 1],
      [8, 'resolved', 'all_alerts_resolved', 0],
    ]);
  });
});

describe('receivers', () => {
  it('hear of what is new after a time, of a higher level at once, and of all again', () => {
    const story = [
      '10 a - * warning',
      '11 b - * warning',
      '12 c - * warning',
      '30 d - * critical',
      '31 e - * critical',
      '200 a - * ok',
    ];
    expect(told(makeService(), story, at(600))).toEqual([
      '10 first_notification warning 1',
      '15 new_alerts_in_group warning 3',
      '30 raised critical 4',
      '35 new_alerts_in_group critical 5',
      '275 repeat_interval_elapsed critical 4',
      '515 repeat_interval_elapsed critical 4',
    ]);
    expect(told(makeService({ repeatIntervalMs: null }), story, at(600))).toHaveLength(4);
  });

  it('wait for the group before they are told first', () => {
    const spec = makeService({ groupWaitMs: 3 * MINUTE_MS });
    expect(told(spec, ['10 a - * warning', '12 b - * critical'], at(20))).toEqual([
      '13 first_notification critical 2',
    ]);
    expect(told(spec, ['10 a - * warning', '12 a - * ok'], at(20))).toEqual([]);
  });

  it('hear of a level that rises again after it had eased not more often than of new alarms', () => {
    const story = [
      '10 a - * critical',
      '11 a - * warning',
      '12 a - * critical',
      '13 a - * warning',
      '14 a - * critical',
    ];
    expect(told(makeService(), story, at(30))).toEqual([
      '10 first_notification critical 1',
      '15 raised critical 1',
    ]);
  });
});

describe('what is muted', () => {
  const down: IncidentSpec['inhibit'] = [
    { source: { rule: ['down'] }, target: { rule: ['drift*'] }, equal: ['segment'] },
  ];

  it('by another alarm is told when that is over, if it still fires', () => {
    const spec = makeService({ inhibit: down });
    const story = [
      '10 down - * critical',
      '10 drift amount * warning',
      '20 down - * ok',
      '40 drift amount * ok',
    ];
    const { records } = follow(spec, story.map(momentOf), at(60));
    expect(
      records.map(({ atMs, notify, muted, mutedAlarms }) => [atMs / MINUTE_MS, notify, mutedAlarms, muted]),
    ).toEqual([
      [10, 'first_notification', 1, ''],
      [20, 'new_alerts_in_group', 0, ''],
      [40, 'all_alerts_resolved', 0, ''],
    ]);
    expect(records[0]!.alarms.map(({ rule, muted }) => [rule, muted])).toEqual([
      ['down', ''],
      ['drift', 'inhibited by down (critical)'],
    ]);
  });

  it('by another alarm is so where both agree', () => {
    const story = [
      '10 down - country=de critical',
      '10 drift amount country=fr warning',
      '10 drift amount country=de warning',
    ];
    const { records } = follow(makeService({ inhibit: down }), story.map(momentOf), at(10));
    expect(records[0]!.alarms.filter(({ muted }) => muted !== '').map(({ segment }) => segment)).toEqual([
      'country=de',
    ]);
  });

  it('is not by itself, nor by another one of its kind', () => {
    const inhibit = [{ source: { metric: ['psi'] }, target: { metric: ['psi'] }, equal: [] }];
    expect(told(makeService({ inhibit }), ['10 a - * warning', '10 b - * warning'], at(10))).toEqual([
      '10 first_notification warning 2',
    ]);
  });

  const silence =
    (minute: number, match: Matcher, minutes: number, fromMinute = minute) =>
    (now: number, states: States) =>
      now === minute
        ? commandSilence(states.incidents, makeService(), {
            ...{ id: 'quiet', service: 'fraud', kind: 'silence.add', by: 'ann', reason: 'known' },
            target: JSON.stringify({
              match,
              fromMs: fromMinute * MINUTE_MS,
              untilMs: (fromMinute + minutes) * MINUTE_MS,
            } satisfies SilenceSpec),
          }).incidents
        : [];
  const a = { rule: ['a'] };

  it('by a person is told when the silence is over', () => {
    const options = { throughMinute: 60, at: silence(5, a, 20) };
    const { records } = follow(makeService(), [momentOf('10 a - * warning')], options);
    expect(records.map(({ atMs, notify, muted }) => [atMs / MINUTE_MS, notify, muted])).toEqual([
      [10, '', 'silenced by ann: known'],
      [25, 'first_notification', ''],
    ]);
  });

  it('has its end told, where its beginning was', () => {
    const options = { throughMinute: 600, at: silence(12, a, 400) };
    const { records } = follow(makeService(), ['10 a - * warning', '300 a - * ok'].map(momentOf), options);
    expect(records.map(({ atMs, notify, muted }) => [atMs / MINUTE_MS, notify, muted])).toEqual([
      [10, 'first_notification', ''],
      [12, '', 'silenced by ann: known'],
      [300, 'all_alerts_resolved', ''],
    ]);
    const never = follow(makeService(), ['20 a - * warning', '300 a - * ok'].map(momentOf), options);
    expect(never.records.map(({ state, notify }) => [state, notify])).toEqual([
      ['open', ''],
      ['resolved', ''],
    ]);
  });

  it('is no news afterwards, if it was told before', () => {
    const story = ['10 a - * warning', '15 b - * warning'].map(momentOf);
    const { records } = follow(makeService(), story, { throughMinute: 100, at: silence(12, a, 30) });
    expect(records.filter(({ notify }) => notify !== '').map(({ atMs }) => atMs / MINUTE_MS)).toEqual([
      10, 15,
    ]);
  });

  it('by a silence that begins later, or is ended by a person', () => {
    const later = { throughMinute: 60, at: silence(5, a, 20, 30) };
    expect(
      follow(makeService(), [momentOf('10 a - * warning')], later).records.map(({ atMs, muted }) => [
        atMs / MINUTE_MS,
        muted,
      ]),
    ).toEqual([
      [10, ''],
      [30, 'silenced by ann: known'],
      [50, ''],
    ]);
    const ended = {
      throughMinute: 60,
      at: (minute: number, states: States) => {
        const command = {
          id: '2',
          service: 'fraud',
          kind: 'silence.expire',
          target: 'quiet',
          by: '',
          reason: '',
        } as const;
        return minute === 15
          ? commandSilence(states.incidents, makeService(), command).incidents
          : silence(5, a, 50)(minute, states);
      },
    };
    const { records } = follow(makeService(), [momentOf('10 a - * warning')], ended);
    expect(records.map(({ notify }) => notify)).toEqual(['', 'first_notification']);
  });

  it.each([
    ['what is no JSON', 'what'],
    ['no matcher', '{"fromMs":0,"untilMs":9e9}'],
    ['an unknown field', '{"match":{"name":["a"]},"fromMs":0,"untilMs":9e9}'],
    ['a text where texts are meant', '{"match":{"rule":"a"},"fromMs":0,"untilMs":9e9}'],
    ['no end', '{"match":{},"fromMs":0}'],
    ['an end before its beginning', '{"match":{},"fromMs":5,"untilMs":5}'],
  ])('is nothing by a command with %s', (_, target) => {
    const { states } = follow(makeService(), [momentOf('10 a - * warning')], at(10));
    const command = {
      id: 'x',
      service: 'fraud',
      kind: 'silence.add',
      target,
      by: 'ann',
      reason: '',
    } as const;
    const { incidents, refused } = commandSilence(states.incidents, makeService(), command);
    expect([incidents, typeof refused, states.incidents.silences]).toEqual([[], 'string', {}]);
  });

  it('in a maintenance is told when that is over', () => {
    const when = { fromMs: 5 * MINUTE_MS, toMs: 30 * MINUTE_MS };
    const maintenance: MaintenanceSpec[] = [{ name: 'import', match: { rule: ['a'] }, when }];
    const { records } = follow(makeService({ maintenance }), [momentOf('10 a - * warning')], at(60));
    expect(records.map(({ atMs, notify, muted }) => [atMs / MINUTE_MS, notify, muted])).toEqual([
      [10, '', 'maintenance import'],
      [30, 'first_notification', ''],
    ]);
  });
});

describe('a storm', () => {
  /** Each an incident of its own. */
  const many = (count: number, first: number): string[] =>
    Array.from(
      { length: count },
      (_, i) => `${first + i} r${first + i} - * warning since ${(first + i) * 100}`,
    );

  it('is one incident of all that is too much to be told apart', () => {
    const spec = makeService({ storm });
    const ends = many(5, 10).map((text) => `90 ${text.split(' ').slice(1, 4).join(' ')} ok`);
    const { records, states } = follow(spec, [...many(5, 10), ...ends].map(momentOf), at(200));
    const said = records.filter(({ notify }) => notify !== '');
    expect(
      said.map(({ atMs, notify, isStorm, firing }) => [atMs / MINUTE_MS, notify, isStorm, firing]),
    ).toEqual([
      [10, 'first_notification', false, 1],
      [11, 'first_notification', false, 1],
      [12, 'first_notification', true, 1],
      [17, 'new_alerts_in_group', true, 3],
      [90, 'all_alerts_resolved', false, 0],
      [90, 'all_alerts_resolved', false, 0],
      [90, 'all_alerts_resolved', true, 0],
    ]);
    expect(said.at(-1)!.summary).toBe('storm of incidents: 3 alarms of r12, r13, r14');
    expect(states.incidents.open).toEqual([]);
  });

  it('takes what was muted and comes all at once, and says where it went', () => {
    const when = { fromMs: 0, toMs: 30 * MINUTE_MS };
    const maintenance: MaintenanceSpec[] = [{ name: 'import', match: {}, when }];
    const spec = makeService({ storm, maintenance });
    const { records } = follow(spec, many(5, 10).map(momentOf), at(40));
    const after = records.filter(({ atMs }) => atMs >= 30 * MINUTE_MS);
    expect(after.map(({ state, notify, isStorm, firing }) => [state, notify, isStorm, firing])).toEqual([
      ['open', 'first_notification', false, 1],
      ['open', 'first_notification', false, 1],
      ['merged', '', false, 1],
      ['merged', '', false, 1],
      ['merged', '', false, 1],
      ['open', 'first_notification', true, 3],
    ]);
  });

  it('is over with its alarms, and what comes later is told apart again', () => {
    const spec = makeService({ storm });
    const { records } = follow(spec, [...many(3, 10), ...many(1, 80)].map(momentOf), at(100));
    expect(records.at(-1)).toMatchObject({ isStorm: false, notify: 'first_notification' });
  });
});
