/** The decision of Alertmanager, by what it does itself. */

import { expect, it } from 'vitest';
import { notifyReason } from '../../../src/alarm/incident/notify.ts';
import { MINUTE_MS } from '../support.ts';

const reason = (logged: number[] | null, ageMin: number, firing: number[], resolved: number[]) =>
  notifyReason(
    logged && { firing: new Set(logged.map(String)), ageMs: ageMin * MINUTE_MS },
    firing.map(String),
    new Set(resolved.map(String)),
    10 * MINUTE_MS,
  );

it.each([
  ['nothing fires any more, and nobody knows that it did', null, 0, [], [1], ''],
  ['the end of a part is no end', [1, 2], 1, [2], [1], ''],
  ['what is muted has not ended', [1, 2], 20, [], [1], ''],
  ['what is muted does not keep the end of the rest', [1], 1, [], [1], 'all_alerts_resolved'],
  ['the end comes before a repetition', [1], 20, [], [1], 'all_alerts_resolved'],
  ['after an end it begins anew', [], 1, [1], [], 'first_notification'],
  ['another one in the place of the first', [1], 1, [2], [1], 'new_alerts_in_group'],
  ['a repetition is due', [1], 10, [1], [], 'repeat_interval_elapsed'],
] as const)('%s', (_, logged, ageMin, firing, resolved, expected) => {
  expect(reason(logged && [...logged], ageMin, [...firing], [...resolved])).toBe(expected);
});
