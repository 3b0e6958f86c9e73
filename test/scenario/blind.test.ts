/** People who agree with whatever they are shown: what they decide without seeing it keeps the level honest. */

import { describe, expect, test } from 'vitest';
import type { RolloutRecord, ServiceSpec } from '../../src/records.ts';
import {
  type AutomationLevel,
  activeOf,
  isBlind,
  parseTable,
  type RoutedDecision,
  routedHeaders,
} from '../../src/router/index.ts';
import { drive, MINUTE, openDrive, randomOf, type Sent, specOf, T0 } from './support.ts';
import { scorer, TWO_MODELS } from './two-models.ts';

const JOIN = 'join: { max_delay: 2m, revise_after: [] }\n';
const AUTOMATION = `output: fraud, up_to: partial, target_risk: 0.05, assist_risk: 0.3, min_n: 100, hold: 2m, gate: auto`;
const PEOPLE = TWO_MODELS.replace(
  '  labels',
  '  predictions: { topic: shop.decisions, fields: { fraud: fraud }, by: people }\n  labels',
);
const service = (more: string, text = TWO_MODELS): ServiceSpec =>
  specOf(`${text}${JOIN}automation: { ${AUTOMATION}, ${more} }\n`);

interface World {
  /** Wrong answers of the model, and of people alone. */
  wrong: { model: number; people: number };
  /** Labels are what people decided; else they are the truth, and decisions a stream of their own where the service has it. */
  labels: 'people' | 'truth';
  /** Whether requests say who decides. */
  isSaid: boolean;
}

/** Sixty requests a minute through a gateway that obeys the newest table. Whoever sees the answer of the model agrees with it. */
async function run(
  spec: ServiceSpec,
  minutes: number,
  { wrong, labels, isSaid }: World,
  lost: readonly number[] = [],
) {
  const driver = await openDrive(spec, { scorer });
  const random = randomOf(11);
  const sent: Sent[] = [];
  const levels = new Map<AutomationLevel, number>();
  let waiting: Sent[] = [];
  for (let minute = 0; minute < minutes; minute++) {
    const table = (await driver.outcome()).tables.at(-1);
    const level = table?.level ?? 'shadow';
    levels.set(level, (levels.get(level) ?? 0) + 1);
    const [requests, late]: Sent[][] = [[], []];
    for (let i = 60 * minute; i < 60 * (minute + 1); i++) {
      const [id, time, truth] = [`r${i}`, T0 + i * 1_000, i % 2 === 0];
      const says = random() < wrong.model !== truth;
      const alone = random() < wrong.people !== truth;
      const confidence = i % 4 < 2 ? 0.95 : 0.6;
      const isUnseen = level === 'shadow' || (table !== undefined && isBlind(table, id));
      const isDecided = level === 'partial' && !isUnseen && confidence >= (table?.threshold ?? 1);
      const decided: RoutedDecision = isDecided ? 'model' : isUnseen ? 'blind' : 'person';
      const decision = isUnseen ? alone : says;
      const route = {
        version: table === undefined ? 'old' : activeOf(table),
        epoch: table?.epoch ?? 0,
        by: 'key' as const,
      };
      const headers = isSaid ? { headers: routedHeaders(route, 'id', decided) } : {};
      const a = says ? confidence : 1 - confidence;
      requests!.push({ stream: 'requests', key: id, value: { id, time, a, b: a }, ...headers });
      const follow = (stream: 'predictions' | 'labels', yes: boolean): void =>
        void late!.push({ stream, key: id, value: { id, time: time + 30_000, fraud: yes ? 'yes' : 'no' } });
      follow('labels', labels === 'people' ? decision : truth);
      if (spec.streams.some(({ stream }) => stream === 'predictions')) follow('predictions', decision);
    }
    const records = [...waiting, ...requests!];
    sent.push(...records);
    await driver.send(records);
    if (lost.includes(minute)) await driver.lose();
    waiting = late!;
  }
  const { rollouts, tables, dead, results } = await driver.end();
  await driver.close();
  expect(dead).toEqual([]);
  return { rollouts, tables, sent, results, levels };
}

const said = (rollouts: readonly RolloutRecord[]): string[] =>
  rollouts
    .filter(({ event }) => event !== 'level_waits')
    .map(
      ({ atMs, event, table }) =>
        `${(atMs - T0) / MINUTE} ${event} ${table === '' ? '' : parseTable(table).level}`,
    );

/** Of a model of which 15 % is wrong, whatever its confidence. */
const BAD = { wrong: { model: 0.15, people: 0 }, labels: 'people', isSaid: true } as const;

describe('a bad model beside people who agree with it', () => {
  test('rises on what they decided where that is taken for the truth', async () => {
    const { rollouts } = await run(service('blind: 0.05'), 75, BAD);
    expect(said(rollouts).map((text) => text.replace(/^\d+ /, ''))).toEqual(
      expect.arrayContaining(['level shadow', 'level assist', 'level partial']),
    );
  });

  test('rises no further than to assist where only blind requests count, as often as the process is lost', async () => {
    const spec = service('blind: 0.05, labels: people');
    const { rollouts, tables, sent, levels } = await run(spec, 75, BAD);
    expect(said(rollouts)).toEqual(['0 level shadow', expect.stringMatching(/^\d level assist$/)]);
    expect(tables.map(({ blind }) => blind)).toEqual([0.05, 0.05]);
    expect(levels.get('assist')).toBeGreaterThan(60);
    for (const way of [
      { chunk: 37 },
      { chunk: 110, lostAfter: [3, 7, 12, 30], recordsMax: 50, snapshotRecords: 20 },
      { chunk: 400, partitions: 2, lostAfter: [2] },
    ]) {
      const again = await drive(spec, sent, { scorer, ...way });
      expect([again.rollouts, again.tables]).toEqual([rollouts, tables]);
    }
  });

  test('a good model rises on blind requests alone', async () => {
    const spec = service('blind: 0.3, labels: people');
    const good = { ...BAD, wrong: { model: 0, people: 0 } };
    const { rollouts, results } = await run(spec, 40, good, [5, 20]);
    expect(said(rollouts)).toEqual([
      '0 level shadow',
      expect.stringMatching(/ assist$/),
      expect.stringMatching(/ partial$/),
    ]);
    const share = results.filter(({ metric }) => metric === 'decided_share').at(-1)!.value!;
    // What is not blind is decided by the model, sure as it is of everything.
    expect(share).toBeGreaterThan(0.5);
    expect(share).toBeLessThan(0.9);
  });

  test('requests that do not say who decided count while nobody sees the answer, and no longer', async () => {
    const spec = service('blind: 0.2, labels: people');
    const good = { ...BAD, wrong: { model: 0, people: 0 }, isSaid: false };
    const { rollouts } = await run(spec, 40, good);
    expect(said(rollouts)).toEqual(['0 level shadow', expect.stringMatching(/ assist$/)]);
  });
});

describe('people alone, by a truth of its own', () => {
  const world = { labels: 'truth', isSaid: true } as const;
  const upTo = async (margin: string, people: number, isSaid = true): Promise<string[]> => {
    const spec = service(`blind: 0.1${margin}`, PEOPLE);
    const { rollouts } = await run(spec, 15, { ...world, isSaid, wrong: { model: 0.1, people } });
    return said(rollouts).map((text) => text.replace(/^\d+ /, ''));
  };

  test('hold a model back that is worse than they are, and let one pass that is not', async () => {
    expect(await upTo('', 0.02)).toEqual(['level shadow', 'level assist']);
    expect(await upTo(', margin: 0.03', 0.02)).toEqual(['level shadow']);
    expect(await upTo(', margin: 0.03', 0.3)).toEqual(['level shadow', 'level assist']);
    expect(await upTo(', margin: 0.03', 0.3, false)).toEqual(['level shadow', 'level assist']);
  });

  test('the team, people and the model are told apart', async () => {
    const spec = service('blind: 0.3', PEOPLE);
    const { results } = await run(spec, 20, { ...world, wrong: { model: 0.1, people: 0.3 } });
    const rate = (metric: string): number => {
      const found = results.filter((one) => one.metric === metric && one.value !== null);
      const n = found.reduce((sum, one) => sum + one.n, 0);
      return found.reduce((sum, one) => sum + one.value! * one.n, 0) / n;
    };
    expect(rate('over_reliance')).toBe(1);
    expect(rate('override_rate') + rate('under_reliance')).toBe(0);
    expect(rate('human_error')).toBeCloseTo(0.3, 1);
    expect(rate('model_error')).toBeCloseTo(0.1, 1);
    expect(rate('team_error')).toBeGreaterThan(rate('model_error'));
    expect(rate('team_error')).toBeLessThan(rate('human_error'));
  });
});
