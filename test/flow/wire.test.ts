import { expect, test } from 'vitest';
import { deliveryOf } from '../../src/flow/deliveries.ts';
import { topicNames } from '../../src/flow/runtime.ts';
import { decodePublic, encodePublic, type PublicName, type PublicRecord } from '../../src/flow/wire.ts';
import { NOTIFY_REASONS } from '../../src/records.ts';
import { record } from '../decode/helpers.ts';
import { makeIncident } from '../incidents.ts';
import { makeRollout } from '../rollouts.ts';
import { makeAlert, makeResult, makeRetrain } from '../sink/records.ts';

const IDS = { result: 1, alert: 2, incident: 3, retrain: 4, rollout: 12 };
const TOPICS = topicNames('t.');

test.each<[PublicName, string, PublicRecord]>([
  ['result', TOPICS.results, makeResult()],
  ['alert', TOPICS.alerts, makeAlert()],
  ['incident', TOPICS.incidents, makeIncident()],
  [
    'incident',
    TOPICS.incidents,
    makeIncident({ notify: '', alarms: [], muted: 'silence by ann', isStorm: true }),
  ],
  ['retrain', TOPICS.retrain, makeRetrain()],
  ['rollout', TOPICS.rollout, makeRollout()],
  [
    'rollout',
    TOPICS.rollout,
    makeRollout({ difference: null, low: null, high: null, needed: null, by: 'ann' }),
  ],
])(
  '%s: the same comes back from bytes, with and without a registry, and as a delivery of %s',
  (name, topic, one) => {
    for (const ids of [null, IDS]) {
      const bytes = encodePublic(name, one, ids);
      expect(decodePublic(name, bytes, ids !== null)).toEqual(one);
      const read = { ...record(bytes, 0, 'key'), topic };
      expect(deliveryOf(TOPICS, read, ids !== null)).toEqual({ [name]: one });
    }
  },
);

test('every reason to notify comes back, and foreign bytes throw', () => {
  for (const notify of NOTIFY_REASONS) {
    const one = makeIncident({ notify });
    expect(decodePublic('incident', encodePublic('incident', one, null), false)).toEqual(one);
  }
  expect(() => decodePublic('incident', Buffer.from('no incident'), false)).toThrow('broken bytes');
  expect(() => decodePublic('incident', encodePublic('alert', makeAlert(), null), false)).toThrow(
    'broken bytes',
  );
});
