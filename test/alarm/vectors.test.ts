/** The shared vectors: what trusted engines do on small series, restated as facts. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { changedShare } from '../../src/alarm/flapping.ts';
import { notifyReason } from '../../src/alarm/incident/notify.ts';
import { createAlarmStates, phaseOf } from '../../src/alarm/state.ts';
import { stepAlarms } from '../../src/alarm/step.ts';
import { durationMs } from '../../src/config/scalar-shapes.ts';
import { type Comparison, LEVELS, type RuleSpec, type Threshold } from '../../src/records.ts';
import { LETTERS, MINUTE_MS, makeResult, makeRule, makeSpec } from './support.ts';

const VECTORS = new URL('../../../shared/vectors/alarms.json', import.meta.url);

type Thresholds = Record<'info' | 'warning' | 'critical', string>;
interface LevelsCase extends Thresholds {
  info_reset: string;
  warning_reset: string;
  critical_reset: string;
  values: number[];
  levels: string;
}
interface FlappingCase extends Thresholds {
  history: number;
  enter: number;
  leave: number;
  values: number[];
  events_sent: number;
}
interface ForCase {
  rule: string;
  step: string;
  values: number[];
  states: string[];
}
interface DedupCase {
  logged: { firing: number[]; age?: string } | null;
  firing: number[];
  resolved: number[];
  repeat?: string;
  send: boolean;
  reason?: string;
}
interface Vectors {
  notification_dedup: DedupCase[];
  levels_with_reset: LevelsCase[];
  flapping: FlappingCase;
  for: ForCase[];
}

/** '>60' */
function thresholdOf(text: string): Threshold {
  const [, op, value] = /^([<>]=?)(-?[\d.]+)$/.exec(text) ?? [];
  if (op === undefined) throw new Error(`not a threshold: ${text}`);
  return { op: op as Comparison, value: Number(value) };
}
const thresholdsOf = (test: Thresholds): Pick<RuleSpec, 'info' | 'warning' | 'critical'> => ({
  info: thresholdOf(test.info),
  warning: thresholdOf(test.warning),
  critical: thresholdOf(test.critical),
});

function levelsOf(rule: RuleSpec, values: readonly number[]) {
  const states = createAlarmStates();
  const alerts = values.map((value, i) => stepAlarms(states, makeSpec([rule]), makeResult(i + 1, value)));
  const levels = values
    .map((_, i) =>
      alerts
        .slice(0, i + 1)
        .flat()
        .at(-1),
    )
    .map((alert) => (alert === undefined || alert.state === 'resolved' ? 'O' : LETTERS[alert.level]));
  return { levels: levels.join(''), alerts: alerts.flat() };
}

/** 'value < 100 for 1m' and what may follow. */
const RULE = /^value ([<>]=?) (\d+) for (\d+)m(?:, keep firing for (\d+)m)?$/;

function phasesOf(test: ForCase): string[] {
  const [, op, threshold, forMinutes, keepMinutes] = RULE.exec(test.rule) ?? [];
  if (op === undefined) throw new Error(`the rule of this case is new: ${test.rule}`);
  const warning = { op: op as Comparison, value: Number(threshold) };
  const keep = keepMinutes === undefined ? {} : { keepMs: Number(keepMinutes) * MINUTE_MS };
  const rule = makeRule({ warning, critical: null, forMs: Number(forMinutes) * MINUTE_MS, ...keep });
  const minutes = Number(/^(\d+)m$/.exec(test.step)?.[1]);
  const states = createAlarmStates();
  return test.values.map((value, i) => {
    stepAlarms(states, makeSpec([rule]), makeResult((i + 1) * minutes, value));
    return phaseOf(Object.values(states.alarms)[0]!);
  });
}

if (existsSync(VECTORS)) {
  const vectors = JSON.parse(readFileSync(VECTORS, 'utf8')) as Vectors;
  describe('shared vectors', () => {
    it('are there', () => {
      expect(vectors.for.length).toBeGreaterThanOrEqual(3);
      expect(vectors.levels_with_reset.length).toBeGreaterThanOrEqual(2);
      expect(vectors.notification_dedup.length).toBeGreaterThanOrEqual(6);
    });

    it.each(vectors.for)('$rule, every $step: $values', (test) => {
      expect(phasesOf(test)).toEqual(test.states);
    });

    it.each(vectors.levels_with_reset)('levels with resets: $values', (test) => {
      const reset = Object.fromEntries(
        LEVELS.map((level) => [level, thresholdOf(test[`${level}_reset`])]),
      ) as Record<(typeof LEVELS)[number], Threshold>;
      const rule = makeRule({ ...thresholdsOf(test), reset });
      expect(levelsOf(rule, test.values).levels).toBe(test.levels);
    });

    it.each(vectors.notification_dedup)('notifications: $logged, $firing, $resolved', (test) => {
      const { logged, firing, resolved, repeat = '4h', send, reason = '' } = test;
      const entry = logged && {
        firing: new Set(logged.firing.map(String)),
        ageMs: durationMs(logged.age ?? '0s')!,
      };
      const found = notifyReason(
        entry,
        firing.map(String),
        new Set(resolved.map(String)),
        durationMs(repeat),
      );
      expect([found !== '', found]).toEqual([send, reason]);
    });

    it('flapping', () => {
      const { values, events_sent, history, enter, leave } = vectors.flapping;
      const rule = makeRule({ ...thresholdsOf(vectors.flapping), flapping: { history, enter, leave } });
      expect(levelsOf(rule, values).alerts).toHaveLength(events_sent);
      expect(levelsOf({ ...rule, flapping: undefined! }, values).alerts).toHaveLength(values.length - 1);
      // Nine changes at the end of 21 levels are not yet half, ten are.
      expect(changedShare('0101010101', history)).toBeLessThan(enter);
      expect(changedShare('01010101010', history)).toBeGreaterThan(enter);
    });
  });
} else {
  it.skip('the shared vectors are absent: no ../shared/vectors/alarms.json beside the repository');
}
