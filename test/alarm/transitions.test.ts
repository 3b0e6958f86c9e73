import { expect, it } from 'vitest';
import { ALARM_EVENTS, FIRINGS, TRANSITIONS } from '../../src/alarm/transitions.ts';

/** Next state, and what is said of which level: + firing, - resolved. */
const EXPECTED: Record<string, string> = {
  'ok unknown': 'ok',
  'ok none': 'ok',
  'ok warning': 'warning +warning',
  'ok critical': 'critical +critical',
  'ok removed': 'ok',
  'ok info': 'info +info',
  'info unknown': 'info',
  'info none': 'ok -info',
  'info info': 'info',
  'info warning': 'warning +warning',
  'info critical': 'critical +critical',
  'info removed': 'ok -info',
  'warning info': 'info +info',
  'critical info': 'info +info',
  'warning unknown': 'warning',
  'warning none': 'ok -warning',
  'warning warning': 'warning',
  'warning critical': 'critical +critical',
  'warning removed': 'ok -warning',
  'critical unknown': 'critical',
  'critical none': 'ok -critical',
  'critical warning': 'warning +warning',
  'critical critical': 'critical',
  'critical removed': 'ok -critical',
};

it('has one outcome for every state and event', () => {
  const found: Record<string, string> = {};
  for (const state of FIRINGS) {
    for (const event of ALARM_EVENTS) {
      const { next, alert } = TRANSITIONS[state][event];
      const said = alert === null ? '' : ` ${alert.state === 'firing' ? '+' : '-'}${alert.level}`;
      found[`${state} ${event}`] = `${next}${said}`;
    }
  }
  expect(found).toEqual(EXPECTED);
});
