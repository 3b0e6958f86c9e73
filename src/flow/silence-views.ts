/** The silences of all services as pages show them, whichever instance judges a service. */

import type { Silence } from '../alarm/incident/state.ts';
import type { ConsoleSource, SilenceView } from '../console/source.ts';
import type { Group } from '../log/port.ts';
import { partitionsOf, type Runtime, slotsPartitionOf } from './runtime.ts';
import { readSilences, type Silences } from './silences.ts';

/** Pages ask every two seconds, and what others judge takes reading their snapshots. */
const KEPT_MS = 5_000;

type Views = (runtime: Runtime) => Promise<SilenceView[]>;

interface Kept {
  services: string;
  atMs: number;
  found: Promise<Silences | null>;
}

/** Has the group that reads the slots, as soon as it is joined; null: there is none, and all is judged here. */
export type Judges = { get(name: 'judge'): Pick<Group, 'assigned'> | undefined } | null;

/** Judges of this instance are asked; what others know is read from the log, at most once in five seconds for all who ask. */
export function silenceViewsOf(state: Pick<ConsoleSource, 'services'>, judges: Judges): Views {
  let kept: Kept | null = null;

  const isHere = (runtime: Runtime, service: string): boolean => {
    if (!runtime.incidents.has(service)) return false;
    const own = slotsPartitionOf(service, partitionsOf(runtime, runtime.topics.slots));
    const assigned = judges === null ? null : (judges.get('judge')?.assigned() ?? []);
    return assigned === null || assigned.some(({ partition }) => partition === own);
  };

  const elsewhere = (runtime: Runtime): Promise<Silences | null> => {
    const names = [...runtime.services.keys()].filter((service) => !isHere(runtime, service));
    if (names.length === 0) return Promise.resolve(null);
    const [services, nowMs] = [names.join('\n'), runtime.nowMs()];
    if (kept !== null && kept.services === services && nowMs - kept.atMs < KEPT_MS) return kept.found;
    const reading: Kept = { services, atMs: nowMs, found: readSilences(runtime.log, runtime, names) };
    kept = reading;
    reading.found.catch(() => {
      if (kept === reading) kept = null;
    });
    return reading.found;
  };

  return async (runtime) => {
    const views: SilenceView[] = [];
    const others = await elsewhere(runtime);
    for (const service of runtime.services.keys()) {
      const here = isHere(runtime, service) ? runtime.incidents.get(service)?.silences : undefined;
      const known: [string, Silence & { isEnded?: boolean }][] =
        here === undefined ? [...(others?.get(service) ?? [])] : Object.entries(here);
      for (const [id, { isEnded, ...silence }] of known)
        if (isEnded !== true) views.push({ ...silence, id, service });
    }
    const times = new Map(state.services().map(({ name, eventTimeMs }) => [name, eventTimeMs ?? -Infinity]));
    return views
      .filter(({ service, untilMs }) => untilMs > (times.get(service) ?? -Infinity))
      .sort((a, b) => a.untilMs - b.untilMs || (a.id < b.id ? -1 : 1));
  };
}
