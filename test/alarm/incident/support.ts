/** Stories of alarms, told minute by minute. */

import { passConsequences, stepConsequences } from '../../../src/alarm/consequences.ts';
import { DEFAULT_INCIDENTS } from '../../../src/alarm/incident/defaults.ts';
import { createIncidentStates } from '../../../src/alarm/incident/state.ts';
import { createAlarmStates } from '../../../src/alarm/state.ts';
import type {
  Alert,
  Incident,
  IncidentSpec,
  InputSpec,
  Level,
  RuleSpec,
  ServiceSpec,
} from '../../../src/records.ts';
import { MINUTE_MS, makeSpec, restart } from '../support.ts';

export const INPUTS = ['amount', 'country', 'hour'];

const inputOf = (name: string): InputSpec => ({
  name,
  type: 'numeric',
  from: name,
  range: null,
  categories: null,
});

/** A service with these three inputs, no rules and windows of a minute. */
export function makeService(incidents: Partial<IncidentSpec> = {}, rules: RuleSpec[] = []): ServiceSpec {
  const spec = makeSpec(rules);
  return {
    ...spec,
    inputs: INPUTS.map(inputOf),
    windows: { ...spec.windows, sizeMs: MINUTE_MS, hopMs: MINUTE_MS },
    incidents: { ...DEFAULT_INCIDENTS, ...incidents },
  };
}

export interface Moment {
  minute: number;
  alert: Alert;
}

/**
 * '5 drift amount country=de warning since 3': at minute 5 the alarm of the rule on that input in that segment fires, in breach since minute 3 (by default it is
 * since 5). `ok` instead of a level: it resolves.
 */
export function momentOf(text: string): Moment {
  const [minute, rule, subject, segment, level, , since] = text.split(' ') as string[];
  const isOver = level === 'ok';
  const atMs = Number(minute) * MINUTE_MS;
  return {
    minute: Number(minute),
    alert: {
      id: text,
      fingerprint: `${rule}|${subject}|${segment}`,
      service: 'shop',
      rule: rule!,
      metric: 'psi',
      subject: subject === '-' ? '' : subject!,
      model: '',
      segment: segment!,
      state: isOver ? 'resolved' : 'firing',
      level: isOver ? 'warning' : (level as Level),
      reason: 'so',
      value: null,
      threshold: '',
      n: 0,
      windowStartMs: atMs - MINUTE_MS,
      windowEndMs: atMs,
      sinceMs: since === undefined ? atMs : Number(since) * MINUTE_MS,
      evidence: null,
      configDigest: '',
    },
  };
}

export interface FollowOptions {
  throughMinute: number;
  /** The state goes through JSON after each step. */
  isRestarting?: boolean;
  /** Time is passed minute by minute, whether something happens or not. */
  isPassing?: boolean;
  /** What happens beside the alarms, before those of the minute. */
  at?: (minute: number, states: States) => Incident[];
}

export interface States {
  alarms: ReturnType<typeof createAlarmStates>;
  incidents: ReturnType<typeof createIncidentStates>;
}

export const createStates = (): States => ({
  alarms: createAlarmStates(),
  incidents: createIncidentStates(),
});

/** All records of the story. */
export function follow(spec: ServiceSpec, moments: readonly Moment[], options: FollowOptions) {
  const { throughMinute, isRestarting = false, isPassing = false, at } = options;
  let states = createStates();
  const records: Incident[] = [];
  for (let minute = 0; minute <= throughMinute; minute++) {
    const alerts = moments.filter((moment) => moment.minute === minute).map(({ alert }) => alert);
    const atMs = minute * MINUTE_MS;
    if (at !== undefined) {
      records.push(...passConsequences(states, spec, atMs - 1).incidents, ...at(minute, states));
    }
    if (alerts.length > 0) records.push(...stepConsequences(states, spec, alerts, atMs).incidents);
    else if (isPassing) records.push(...passConsequences(states, spec, atMs).incidents);
    if (isRestarting) states = restart(states);
  }
  records.push(...passConsequences(states, spec, throughMinute * MINUTE_MS).incidents);
  return { states, records };
}

/** '5 first_notification critical 2': minute, what receivers are told, level and alarms that fire. */
export const toldText = ({ atMs, notify, level, firing }: Incident): string =>
  `${atMs / MINUTE_MS} ${notify} ${level} ${firing}`;

export function told(spec: ServiceSpec, story: readonly string[], options: FollowOptions): string[] {
  const { records } = follow(spec, story.map(momentOf), options);
  return records.filter(({ notify }) => notify !== '').map(toldText);
}
