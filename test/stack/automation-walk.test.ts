/**
 * Degrees of automation on real Kafka: a service whose requests come over HTTP rises from `human_only` to `full`, then a bad version is rolled out and taken
 * back. A daemon that is killed in every phase, and is asked again with the same ids, writes the same bytes as one that runs through.
 */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, expect, test } from 'vitest';
import { parseTable, type RoutingTable } from '../../src/router/table.ts';
import { logistic } from '../score/support/onnx.ts';
import {
  type ConfigFolder,
  configFolder,
  killDaemons,
  MAIN,
  type RunningDaemon,
  readPublic,
  startDaemon,
} from './daemon.ts';
import { describeStack } from './support/context.ts';
import { type ForeignRecord, foreignConsume, javaProduce } from './support/foreign.ts';
import { influxQuery } from './support/influx.ts';
import { createTopics, deleteTopics, uniquePrefix } from './support/topics.ts';

const run = promisify(execFile);
const T0 = Date.parse('2026-03-01T12:00:00Z');
const SECOND_MS = 1_000;
const A_MINUTE = 60;
/** Before this minute of its story the primary errs where it is not sure. */
const LEARNS = 6;
/** From this one on the candidate is bad. */
const TURNS_BAD = 20;
const IN_FLIGHT = 8;

/** The probability is the sigmoid of x. */
const sigmoid = logistic(1, 0);

interface Request {
  id: string;
  time: number;
  old: number;
  new: number;
}

/** One a second. Of four answers two have a confidence of 0.95 and two of 0.6; of those the primary has three in ten wrong while it learns. */
function requestOf(i: number): Request {
  const [isFraud, isSure, minute] = [i % 2 === 0, i % 4 < 2, Math.floor(i / A_MINUTE)];
  const answer = (isWrong: boolean): number => (isWrong === isFraud ? -1 : 1) * (isSure ? 3 : 0.4);
  return {
    ...{ id: `r${i}`, time: T0 + i * SECOND_MS },
    old: answer(minute < LEARNS && [2, 7, 14].includes(i % 20)),
    new: answer(minute >= TURNS_BAD && i % 5 < 3),
  };
}

const labelOf = (i: number): ForeignRecord => {
  const value = { id: `r${i}`, time: T0 + (i + 20) * SECOND_MS, fraud: i % 2 === 0 ? 'yes' : 'no' };
  return { key: value.id, value: Buffer.from(JSON.stringify(value)) };
};

/** Where a daemon is killed: amid its requests, before their labels, behind the table that those lead to. */
type Place = 'posting' | 'labels' | 'table';

interface Phase {
  /** Its requests are those from the phase before to this minute. */
  to: number;
  /** Of the table that its labels lead to. */
  leadsTo(table: RoutingTable): boolean;
  kills: Place[];
}

const isLevel =
  (level: string) =>
  (table: RoutingTable): boolean =>
    table.level === level;
const roleOfNew = ({ versions }: RoutingTable): string | undefined =>
  versions.find(({ version }) => version === 'new')?.role;

const RISE: Phase[] = [
  { to: 3, leadsTo: isLevel('shadow'), kills: ['posting'] },
  { to: 5, leadsTo: isLevel('assist'), kills: ['labels'] },
  { to: 7, leadsTo: isLevel('partial'), kills: ['table'] },
  { to: 17, leadsTo: isLevel('full'), kills: ['posting', 'labels'] },
];
/** With a roll-out in the file. */
const FALL: Phase[] = [
  { to: 20, leadsTo: (table) => roleOfNew(table) === 'canary', kills: ['posting', 'table'] },
  { to: 26, leadsTo: (table) => roleOfNew(table) !== 'canary', kills: ['posting', 'labels'] },
];

describeStack('degrees of automation', (stack) => {
  const folders: ConfigFolder[] = [];
  const groups: string[] = [];
  const inputs = uniquePrefix('walk-in');
  const [requests, labels] = [`${inputs}.requests`, `${inputs}.labels`];

  afterEach(async () => {
    await killDaemons();
    for (const folder of folders.splice(0)) folder.remove();
    for (const group of groups.splice(0)) await influxQuery(stack.influx, group, `DROP DATABASE "${group}"`);
  });

  const serviceOf = (file: string, isRollout: boolean) => {
    const model = (name: string, role: string) => ({
      ...{ name, role, file, inputs: { x: [name] } },
      outputs: { fraud: { probabilities: 'p' } },
    });
    return {
      service: 'shop',
      streams: {
        requests: { topic: requests, encoding: 'json', time: 'time' },
        labels: { topic: labels, encoding: 'json', time: 'time', fields: { fraud: 'fraud' } },
      },
      inputs: { old: { type: 'numeric' }, new: { type: 'numeric' } },
      outputs: { fraud: { type: 'classifier', classes: ['no', 'yes'], positive: 'yes' } },
      models: [model('old', 'primary'), model('new', 'shadow')],
      windows: { size: '1m', lateness: '40s', idle_after: '1h' },
      join: { max_delay: '1m' },
      automation: {
        ...{ output: 'fraud', level: 'human_only', up_to: 'full', target_risk: 0.1, assist_risk: 0.3 },
        ...{ min_n: 100, hold: '2m', gate: 'auto' },
      },
      ...(isRollout ? { rollout: ROLLOUT } : {}),
    };
  };
  const ROLLOUT = {
    ...{ candidate: 'new', strategy: 'canary', shadow: { for: '2m', min_n: 50, needs: 'keep' } },
    ...{ steps: [20], for: '4m', min_n: 100, live: { for: '4m' }, margin: 0.02 },
  };

  /** One run of the story; what it writes is read when it is over. */
  const walkerOf = (name: string, model: string | null, isHit: boolean) => {
    const group = uniquePrefix(name);
    const folder = configFolder(stack, group, { partitions: 2 }, { instance_id: 'one' });
    folders.push(folder);
    groups.push(group);
    const file = model ?? folder.write('sigmoid.onnx', sigmoid);
    folder.service(serviceOf(file, false));
    let daemon: RunningDaemon;
    let url = '';
    let probes = 0;

    const start = async (): Promise<void> => {
      daemon = await startDaemon(folder.dir);
      await daemon.untilReady();
      url = /"url":"(http:[^"]+)"/.exec(daemon.log())![1]!;
    };
    const kill = async (): Promise<void> => {
      daemon.child.kill('SIGKILL');
      await daemon.ended();
    };
    /** The answer; null: there is none, and it is to be asked for again. */
    const ask = async (request: Request): Promise<{ epoch: number } | null> => {
      try {
        const response = await fetch(`${url}/predict/shop`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(request),
        });
        if (response.status === 503) return null;
        expect(response.status).toBe(200);
        return (await response.json()) as { epoch: number };
      } catch (error) {
        if (error instanceof TypeError) return null;
        throw error;
      }
    };
    /** Asks for each, a few at once and in their order, until `enough` have been answered; those that have not come back. */
    const post = async (rows: readonly number[], enough = Number.POSITIVE_INFINITY): Promise<number[]> => {
      const left = new Set(rows);
      const next = rows.values();
      const ends = async (): Promise<void> => {
        for (const i of next) {
          const isAnswered = (await ask(requestOf(i))) !== null;
          if (isAnswered) left.delete(i);
          if (rows.length - left.size < enough) continue;
          daemon.child.kill('SIGKILL');
          return;
        }
      };
      await Promise.all(Array.from({ length: IN_FLIGHT }, ends));
      return [...left];
    };
    /** All of a batch; a hit one is killed amid it, and what the caller does not know to be written is sent again, and a little more. */
    const postAll = async (rows: readonly number[], isKilled: boolean): Promise<void> => {
      let left = rows;
      if (isKilled) {
        left = await post(rows, Math.floor(rows.length / 2));
        await daemon.ended();
        await start();
        const known = rows.filter((i) => !left.includes(i));
        left = [...known.slice(-5), ...left];
      }
      expect(await post(left)).toEqual([]);
    };

    const tables = async (): Promise<RoutingTable[]> =>
      (await foreignConsume(stack.kafka, `${folder.prefix}routing`)).map(({ value }) =>
        parseTable(value!.toString()),
      );
    /** Waits for the table, and until the daemon goes by it: it answers what is too late to count. */
    const follow = async (phase: Phase, isKilled: boolean): Promise<void> => {
      const table = await daemon.until(`what minute ${phase.to} leads to`, async () => {
        const newest = (await tables()).at(-1);
        return newest !== undefined && phase.leadsTo(newest) && newest;
      });
      if (isKilled) {
        await kill();
        await start();
      }
      const probe = (): Request => ({ ...requestOf(0), id: `probe${probes++}`, time: T0 - 3_600_000 });
      await daemon.until('the table is obeyed', async () => (await ask(probe()))?.epoch === table.epoch);
    };

    const walk = async (phases: readonly Phase[], from: number): Promise<void> => {
      let begin = from * A_MINUTE;
      for (const phase of phases) {
        const isAt = (place: Place): boolean => isHit && phase.kills.includes(place);
        const rows = Array.from({ length: phase.to * A_MINUTE - begin }, (_, i) => begin + i);
        begin = phase.to * A_MINUTE;
        await postAll(rows, isAt('posting'));
        if (isAt('labels')) {
          await kill();
          await start();
        }
        await javaProduce(stack.kafka, labels, rows.map(labelOf));
        await follow(phase, isAt('table'));
      }
    };

    const story = async (): Promise<void> => {
      await createTopics(stack.kafka, [{ topic: requests }, { topic: labels }]);
      await start();
      await walk(RISE, 0);
      if (isHit) await kill();
      folder.service(serviceOf(file, true));
      if (isHit) await start();
      else {
        daemon.child.kill('SIGHUP');
        await daemon.until('the reload', async () => daemon.log().includes('configuration reloaded'));
      }
      await walk(FALL, RISE.at(-1)!.to);
      await run(process.execPath, [MAIN, '--config', folder.dir, 'audit', 'verify']);
      expect((await daemon.end('SIGTERM')).code).toBe(0);
      await deleteTopics(stack.kafka, inputs);
    };

    /** Distinct values of a topic, by key; what a restart wrote again is the same. */
    const written = async (topic: string): Promise<Map<string, string[]>> => {
      const found = new Map<string, string[]>();
      for (const { key, value } of await foreignConsume(stack.kafka, folder.prefix + topic)) {
        const [name, text] = [key!.toString(), value!.toString('latin1')];
        const known = found.get(name) ?? [];
        if (!known.includes(text)) known.push(text);
        found.set(name, known);
      }
      return found;
    };
    return { file, prefix: folder.prefix, story, written };
  };

  test('rise on evidence and take a bad version back, over kill -9 in every phase', async () => {
    const calm = walkerOf('walk-calm', null, false);
    await calm.story();
    const hit = walkerOf('walk-hit', calm.file, true);
    await hit.story();
    for (const topic of ['rollout', 'routing'])
      expect((await hit.written(topic)).get('shop'), topic).toEqual((await calm.written(topic)).get('shop'));

    const steps = (await readPublic(stack.kafka, calm.prefix, 'rollout')).filter(
      ({ event }) => event !== 'verdict' && event !== 'level_waits',
    );
    expect(steps.map(({ event, stageKind }) => `${event} ${stageKind}`)).toEqual([
      ...Array.from({ length: 5 }, () => 'level live'),
      ...['started shadow', 'advanced canary', 'rolled_back canary'],
    ]);

    /** Of the story: what was asked to see whether a table is obeyed differs. */
    const ofStory = async ({ written }: typeof calm, topic: string): Promise<[string, string[]][]> =>
      [...(await written(topic))].filter(([id]) => id.startsWith('r')).sort();
    const decisions = await ofStory(calm, 'decisions');
    expect(decisions).toHaveLength(FALL.at(-1)!.to * A_MINUTE);
    expect(await ofStory(hit, 'decisions')).toEqual(decisions);
    for (const [id, values] of decisions) expect(values, id).toHaveLength(1);
    const kinds = decisions.map(([, [value]]) => {
      const { level, decidedBy, version } = JSON.parse(value!) as Record<string, string>;
      return `${level} ${decidedBy} ${version}`;
    });
    expect([...new Set(kinds)].sort()).toEqual([
      'assist human old',
      ...['full model new', 'full model old'],
      'human_only nobody old',
      ...['partial human old', 'partial model old'],
      'shadow nobody old',
    ]);
    const reviews = await ofStory(calm, 'review');
    expect(reviews).toHaveLength(kinds.filter((kind) => kind.includes(' human ')).length);
    expect(await ofStory(hit, 'review')).toEqual(reviews);
  }, 600_000);
});
