/** Requests that a gateway routes by the tables of a roll-out, with what it says of them in headers. */

import { tableOfModels } from '../../src/predict/tables.ts';
import type { RolloutRecord, ServiceSpec } from '../../src/records.ts';
import { createRouter, type Route, type RoutedBy, routedHeaders } from '../../src/router/index.ts';
import { MINUTE, type Outcome, openDrive, randomOf, type Sent, specOf, T0 } from './support.ts';
import { PLAN, scorer } from './two-models.ts';

export const service = (more = '', streams = ''): ServiceSpec => ({
  ...specOf(`
service: shop
streams:
  requests: { topic: shop.requests }
  labels: { topic: shop.labels, fields: { fraud: fraud } }
${streams}
inputs: { a: { type: numeric }, b: { type: numeric }, c: { type: categorical } }
outputs:
  fraud: { type: classifier, classes: ['no', 'yes'], positive: 'yes' }
models:
  - { name: old, role: primary, file: none.onnx, inputs: { X: [a] }, outputs: { fraud: { probabilities: p } } }
  - { name: new, role: shadow, file: none.onnx, inputs: { X: [b] }, outputs: { fraud: { probabilities: p } } }
windows: { size: 1m, lateness: 5s }
join: { max_delay: 2m, revise_after: [] }
${more}`),
  rollout: PLAN,
});

/** Who answers a request, in the place of its table; null: its record says nothing. */
export type Gateway = (
  byTable: Route,
  i: number,
) => { route: Route; by: Exclude<RoutedBy, 'override'> } | null;
export const obedient: Gateway = (route) => ({ route, by: 'id' });
export const always =
  (version: string, by: 'id' | 'key' = 'id'): Gateway =>
  (route) => ({ route: { ...route, version }, by });

export interface Told extends Outcome {
  /** All that was sent, with the headers, to send it once more. */
  sent: Sent[];
}

export interface Following {
  /** Share of the requests that a version has answered whose users ask again. */
  redo?: (version: string) => number;
  /** Minutes by which the label of a request is late. */
  lateBy?: (i: number) => number;
}

/** Sixty requests a minute, which a gateway routes by the newest table, before the first one as /predict does, and what follows half a minute later. */
export async function run(
  spec: ServiceSpec,
  minutes: number,
  gateway: Gateway,
  wrong: (minute: number) => number[] = () => [0.2, 0.05],
  { redo = () => 0, lateBy = () => 0 }: Following = {},
) {
  const driver = await openDrive(spec, { scorer });
  const [random, ofUsers] = [randomOf(7), randomOf(8)];
  const sent: Sent[] = [];
  const send = async (records: Sent[]): Promise<void> => {
    sent.push(...records);
    await driver.send(records);
  };
  const followers = new Map<number, Sent[]>();
  for (let minute = 0; minute < minutes; minute++) {
    const router = createRouter((await driver.outcome()).tables.at(-1) ?? tableOfModels(spec));
    const requests: Sent[] = [];
    const follow = (stream: Sent['stream'], i: number, late: number, value: object): void => {
      const [id, time] = [`r${i}`, T0 + i * 1_000 + 30_000 + late * MINUTE];
      const due = followers.get(minute + 1 + late) ?? [];
      followers.set(minute + 1 + late, [...due, { stream, key: id, value: { id, time, ...value } }]);
    };
    for (let i = 60 * minute; i < 60 * (minute + 1); i++) {
      const [id, time, isFraud] = [`r${i}`, T0 + i * 1_000, i % 2 === 0];
      const [a, b] = wrong(minute).map((rate) => (random() < rate !== isFraud ? 0.9 : 0.1));
      const said = gateway(router.route(id), i);
      const headers = said === null ? {} : { headers: routedHeaders(said.route, said.by) };
      requests.push({ stream: 'requests', key: id, value: { id, time, a, b, c: `c${i % 3}` }, ...headers });
      follow('labels', i, lateBy(i), { fraud: isFraud ? 'yes' : 'no' });
      if (ofUsers() < redo(said?.route.version ?? 'old')) follow('feedback', i, 0, { kind: 'redo' });
    }
    const due = (followers.get(minute) ?? []).sort((one, two) => timeOf(one) - timeOf(two));
    await send([...due, ...requests]);
  }
  const outcome = await driver.end();
  await driver.close();
  return { ...outcome, sent } satisfies Told;
}

const timeOf = ({ value }: Sent): number => (value as { time: number }).time;
const versionOf = ({ headers }: Sent): string | undefined => headers?.['telltale-version'];
/** Requests that a version has answered in the windows that ended in (from, to]. */
export const answeredBy = (sent: readonly Sent[], version: string, from: number, to: number): number =>
  sent.filter((one) => {
    const endMs = (Math.floor(timeOf(one) / MINUTE) + 1) * MINUTE;
    return versionOf(one) === version && endMs > from && endMs <= to;
  }).length;
export const eventsOf = (rollouts: readonly RolloutRecord[]): string[] =>
  rollouts.filter(({ event }) => event !== 'verdict').map(({ event, stageKind }) => `${event} ${stageKind}`);
