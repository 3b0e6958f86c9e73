/** The silences of all services as pages show them, whichever instance judges a service. */

import type { ConsoleSource, SilenceView } from '../console/source.ts';
import type { Runtime } from './runtime.ts';
import { readSilences, type Silences } from './silences.ts';

/** Pages ask every two seconds, and what others judge takes reading their snapshots. */
const KEPT_MS = 5_000;

type Views = (runtime: Runtime) => Promise<SilenceView[]>;

interface Kept {
  services: string;
  atMs: number;
  found: Promise<Silences | null>;
}

/** Judges of this instance are asked; what others know is read from the log, at most once in five seconds for all who ask. */
export function silenceViewsOf(state: Pick<ConsoleSource, 'services'>): Views {
  let kept: Kept | null = null;

  const elsewhere = (runtime: Runtime): Promise<Silences | null> => {
    const names = [...runtime.services.keys()].filter((service) => !runtime.incidents.has(service));
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
    for (const [service, own] of (await elsewhere(runtime)) ?? []) {
      // It may have come here meanwhile.
      if (runtime.incidents.has(service)) continue;
      for (const [id, { isEnded, ...silence }] of own) if (!isEnded) views.push({ ...silence, id, service });
    }
    for (const service of runtime.services.keys())
      for (const [id, silence] of Object.entries(runtime.incidents.get(service)?.silences ?? {}))
        views.push({ ...silence, id, service });
    const times = new Map(state.services().map(({ name, eventTimeMs }) => [name, eventTimeMs ?? -Infinity]));
    return views
      .filter(({ service, untilMs }) => untilMs > (times.get(service) ?? -Infinity))
      .sort((a, b) => a.untilMs - b.untilMs || (a.id < b.id ? -1 : 1));
  };
}
