import { expect, test } from 'vitest';
import type { HealthView } from '../../src/console/source.ts';
import { createHealth, type Health } from '../../src/flow/health.ts';
import type { Group } from '../../src/log/port.ts';

const T0 = Date.parse('2026-03-01T12:00:00Z');
const BOUNDS = { lagMax: 100, progressMs: 60_000, liveMs: 300_000 };

let nowMs = T0;
const at = (seconds: number): void => {
  nowMs = T0 + seconds * 1_000;
};

const groupOf = (partitions: number[], isMember = true): Group => ({
  isMember: () => isMember,
  assigned: () => partitions.map((partition) => ({ topic: 't', partition })),
  leave: async () => {},
});

/** A daemon that has started and reads `t/0` and `t/1`. */
function running() {
  at(0);
  const health = createHealth(BOUNDS, () => nowMs);
  for (const name of ['start', 'kafka']) health.set(name, true, '');
  health.watch('g', groupOf([0, 1]));
  const parts = [health.partition('g', 't', 0), health.partition('g', 't', 1)] as const;
  const signs = (): void => {
    for (const part of parts) part.sign();
  };
  return { health, parts, signs };
}

const checkOf = (view: HealthView, name: string) => view.checks.find((check) => check.name === name)!;
const states = ({ live, ready, degraded }: HealthView) => ({ live, ready, degraded });
const sinceOf = (health: Health, name: string) =>
  (Date.parse(checkOf(health.view(), name).since) - T0) / 1_000;

test('what is needed makes it unready, whatever else is away only degrades it', () => {
  const { health } = running();
  expect(states(health.view())).toEqual({ live: true, ready: true, degraded: false });
  health.set('influx', false, 'away');
  expect(states(health.view())).toEqual({ live: true, ready: true, degraded: true });
  health.set('kafka', false, 'away');
  expect(states(health.view())).toEqual({ live: true, ready: false, degraded: true });
});

test('a check says since when it answers as it does, not when it was last asked', () => {
  const { health } = running();
  at(10);
  health.set('influx', false, 'first try');
  at(20);
  health.set('influx', false, 'second try');
  expect(checkOf(health.view(), 'influx').detail).toBe('second try');
  expect(sinceOf(health, 'influx')).toBe(10);
  at(30);
  health.set('influx', true, 'writing');
  at(40);
  expect(sinceOf(health, 'influx')).toBe(30);
});

test('a lag above the bound is no fault while it falls, and one when it has not fallen for long', () => {
  const { health, parts, signs } = running();
  parts[1].lag(1_000);
  for (let second = 0; second <= 300; second += 30) {
    at(second);
    signs();
    parts[1].lag(1_000 - second);
    expect(checkOf(health.view(), 'lag')).toMatchObject({
      ok: true,
      detail: expect.stringContaining('catching up'),
    });
  }
  at(361);
  signs();
  parts[1].lag(700);
  const view = health.view();
  expect(states(view)).toEqual({ live: true, ready: false, degraded: true });
  expect(checkOf(view, 'lag').detail).toMatch(/^t\/1 is 700 records behind, above 100/);
  expect(sinceOf(health, 'lag')).toBe(0);
  parts[1].lag(100);
  expect(health.view().ready).toBe(true);
});

test('what was read must be committed in time, and a later commit settles it', () => {
  const { health, parts, signs } = running();
  parts[0].handled(10);
  at(30);
  parts[0].committed(8);
  at(60);
  parts[0].handled(12);
  at(91);
  signs();
  expect(checkOf(health.view(), 'flush')).toMatchObject({ ok: false, needed: 'ready' });
  expect(sinceOf(health, 'flush')).toBe(30);
  parts[0].committed(12);
  at(1_000);
  signs();
  expect(checkOf(health.view(), 'flush')).toMatchObject({ ok: true, detail: 'last commit 909.0 s ago' });
});

test("a partition that gives no sign of life makes it neither live nor ready; one that is another member's does not", () => {
  const { health, parts } = running();
  at(301);
  parts[0].sign();
  const view = health.view();
  expect(states(view)).toEqual({ live: false, ready: false, degraded: true });
  expect(checkOf(view, 'loops').detail).toMatch(/^t\/1 has given no sign for 301.0 s/);
  health.watch('g', groupOf([0]));
  expect(states(health.view())).toEqual({ live: true, ready: true, degraded: false });
});

test('a group that has not given out its partitions makes it unready; a spare member without any does not', () => {
  const { health } = running();
  health.watch('g', groupOf([], false));
  expect(states(health.view())).toEqual({ live: true, ready: false, degraded: true });
  health.watch('g', groupOf([]));
  expect(states(health.view())).toEqual({ live: true, ready: true, degraded: false });
});
