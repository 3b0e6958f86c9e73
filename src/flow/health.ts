/**
 * What /healthz and /readyz say: checks that parts of the daemon set, and how its partitions get on. Live: every
 * partition has given a sign of life within `liveMs`. Ready: the checks that are needed for it hold, the groups have
 * given out their partitions, no partition is behind without catching up, and what was read is written down. Everything
 * else, sinks above all, only makes the daemon degraded: to start it again would bring no receiver back.
 */

import type { HealthCheck, HealthView } from '../console/source.ts';
import type { Group } from '../log/port.ts';

export interface HealthBounds {
  /** Records; a partition that is further behind must catch up. */
  lagMax: number;
  /** So long may a lag above that stay without falling, and what was read unwritten. */
  progressMs: number;
  /** So long may a partition give no sign of life. */
  liveMs: number;
}

/** What is told of one partition, for as long as it is this member's. */
export interface PartitionHealth {
  /** A call began, ended, or sent a heartbeat. */
  sign(): void;
  lag(records: number): void;
  /** Offsets as they are committed: the next one. */
  handled(offset: number): void;
  committed(offset: number): void;
}

export interface Health {
  set(name: string, ok: boolean, detail: string): void;
  /** The partitions of a group count from now on; of one that was there by this name no more. */
  watch(name: string, group: Group): void;
  /** Of a partition that was assigned anew. */
  partition(group: string, topic: string, partition: number): PartitionHealth;
  view(): HealthView;
}

/** Without these the daemon cannot do its work. Whatever else is away delays something, or is left out. */
const NEEDED = new Set(['start', 'kafka', 'registry']);

interface Progress {
  signMs: number;
  lag: number;
  /** The lowest lag since it passed the bound, when that was, and since when it is above. */
  lagLow: number;
  lagLowMs: number;
  lagSinceMs: number | null;
  handled: number;
  committed: number;
  committedMs: number | null;
  /** Since when something that was handled waits for its commit. */
  waitingMs: number | null;
}

type Finding = Omit<HealthCheck, 'since'> & { badSinceMs?: number };

const seconds = (ms: number): string => `${(Math.max(0, ms) / 1000).toFixed(1)} s`;

function newProgress(nowMs: number): Progress {
  return {
    signMs: nowMs,
    lag: 0,
    lagLow: 0,
    lagLowMs: nowMs,
    lagSinceMs: null,
    handled: -1,
    committed: -1,
    committedMs: null,
    waitingMs: null,
  };
}

function noteLag(progress: Progress, lag: number, lagMax: number, nowMs: number): void {
  progress.lag = lag;
  if (lag <= lagMax) progress.lagSinceMs = null;
  else if (progress.lagSinceMs === null || lag < progress.lagLow) {
    progress.lagSinceMs ??= nowMs;
    progress.lagLow = lag;
    progress.lagLowMs = nowMs;
  }
}

interface Assigned {
  name: string;
  progress: Progress;
}

/** The one that is worst by `badness`; undefined where there is none. */
const worst = (all: readonly Assigned[], badness: (progress: Progress) => number): Assigned | undefined =>
  all.reduce<Assigned | undefined>(
    (most, one) => (most === undefined || badness(one.progress) > badness(most.progress) ? one : most),
    undefined,
  );

function loops(all: readonly Assigned[], { liveMs }: HealthBounds, nowMs: number): Finding {
  const oldest = worst(all, ({ signMs }) => -signMs);
  const needed = 'live' as const;
  if (oldest === undefined) return { name: 'loops', needed, ok: true, detail: 'no partitions yet' };
  const { signMs } = oldest.progress;
  const ok = nowMs - signMs <= liveMs;
  const detail = ok
    ? `each of ${all.length} partitions has given a sign within ${seconds(nowMs - signMs)}`
    : `${oldest.name} has given no sign for ${seconds(nowMs - signMs)}; at most ${seconds(liveMs)}`;
  return { name: 'loops', needed, ok, detail, badSinceMs: signMs };
}

function lag(all: readonly Assigned[], { lagMax, progressMs }: HealthBounds, nowMs: number): Finding {
  const name = 'lag';
  const needed = 'ready' as const;
  const isStuck = ({ lagSinceMs, lagLowMs }: Progress) =>
    lagSinceMs !== null && nowMs - lagLowMs > progressMs;
  const stuck = worst(
    all.filter(({ progress }) => isStuck(progress)),
    ({ lag: records }) => records,
  );
  if (stuck !== undefined) {
    const { lagSinceMs, lagLowMs, lag: records } = stuck.progress;
    const detail = `${stuck.name} is ${records} records behind, above ${lagMax}, and has not caught up for ${seconds(nowMs - lagLowMs)}`;
    return { name, needed, ok: false, detail, badSinceMs: lagSinceMs ?? nowMs };
  }
  const most = worst(all, ({ lag: records }) => records);
  const behind = most?.progress.lag ?? 0;
  const detail =
    behind > lagMax
      ? `${most?.name} is ${behind} records behind and catching up`
      : `at most ${behind} records`;
  return { name, needed, ok: true, detail };
}

function flush(all: readonly Assigned[], { progressMs }: HealthBounds, nowMs: number): Finding {
  const name = 'flush';
  const needed = 'ready' as const;
  const waiting = worst(all, ({ waitingMs }) => nowMs - (waitingMs ?? nowMs));
  const waitedMs = nowMs - (waiting?.progress.waitingMs ?? nowMs);
  if (waiting !== undefined && waitedMs > progressMs) {
    const detail = `what ${waiting.name} has read is not committed for ${seconds(waitedMs)}`;
    return { name, needed, ok: false, detail, badSinceMs: nowMs - waitedMs };
  }
  const lastMs = Math.max(...all.map(({ progress }) => progress.committedMs ?? -Infinity));
  const detail = Number.isFinite(lastMs)
    ? `last commit ${seconds(nowMs - lastMs)} ago`
    : 'nothing to commit yet';
  return { name, needed, ok: true, detail };
}

export function createHealth(bounds: HealthBounds, nowMs: () => number): Health {
  const checks = new Map<string, Finding>();
  const groups = new Map<string, Group>();
  const partitions = new Map<string, Progress>();
  const since = new Map<string, { ok: boolean; atMs: number }>();

  /** A check keeps the time at which it last changed its answer. */
  const dated = ({ badSinceMs, ...finding }: Finding): HealthCheck => {
    let last = since.get(finding.name);
    if (last === undefined || last.ok !== finding.ok) {
      last = { ok: finding.ok, atMs: finding.ok ? nowMs() : (badSinceMs ?? nowMs()) };
      since.set(finding.name, last);
    }
    return { ...finding, since: new Date(last.atMs).toISOString() };
  };

  const keyOf = (group: string, topic: string, partition: number) => `${group}|${topic}/${partition}`;

  const assigned = (): Assigned[] =>
    [...groups].flatMap(([name, group]) =>
      group.assigned().flatMap(({ topic, partition }) => {
        const progress = partitions.get(keyOf(name, topic, partition));
        return progress === undefined ? [] : [{ name: `${topic}/${partition}`, progress }];
      }),
    );

  const memberships = (): Finding[] =>
    [...groups].map(([name, group]) => {
      const ok = group.isMember();
      const detail = ok
        ? `${group.assigned().length} partitions`
        : 'the group has not given out its partitions';
      return { name: `group ${name}`, needed: 'ready', ok, detail };
    });

  return {
    set(name, ok, detail) {
      const finding: Finding = { name, needed: NEEDED.has(name) ? 'ready' : 'nothing', ok, detail };
      checks.set(name, finding);
      dated(finding);
    },
    watch: (name, group) => groups.set(name, group),
    partition(group, topic, partition) {
      const progress = newProgress(nowMs());
      partitions.set(keyOf(group, topic, partition), progress);
      const settle = (): void => {
        if (progress.committed >= progress.handled) progress.waitingMs = null;
        else progress.waitingMs ??= nowMs();
      };
      return {
        sign: () => {
          progress.signMs = nowMs();
        },
        lag: (records) => noteLag(progress, records, bounds.lagMax, nowMs()),
        handled: (offset) => {
          progress.handled = offset;
          settle();
        },
        committed: (offset) => {
          progress.committed = offset;
          progress.committedMs = nowMs();
          progress.waitingMs = null;
          settle();
        },
      };
    },
    view() {
      const all = assigned();
      const atMs = nowMs();
      const progress = [loops, lag, flush].map((check) => check(all, bounds, atMs));
      const found = [...checks.values(), ...memberships(), ...progress].map(dated);
      const holds = (needed: HealthCheck['needed']) =>
        found.every((check) => check.ok || check.needed !== needed);
      const live = holds('live');
      return { live, ready: live && holds('ready'), degraded: found.some(({ ok }) => !ok), checks: found };
    },
  };
}
