/** What pages read of a running flow, beside what was published. */

import type { ConsoleSource } from '../console/source.ts';
import { lastLetters } from './letters.ts';
import { profilesOf } from './profile-views.ts';
import type { Runtime } from './runtime.ts';

const LETTERS_MAX = 200;

/** @param runtime null until the flow runs */
export const shownOf = (runtime: () => Runtime | null): Pick<ConsoleSource, 'profiles' | 'letters'> => ({
  profiles(service) {
    const spec = runtime()?.services.get(service)?.spec;
    const shown = runtime()?.shown.get(service);
    return spec === undefined || shown === undefined ? [] : profilesOf(spec, shown);
  },
  async letters() {
    const own = runtime();
    if (own === null) return [];
    const { dead } = own.topics;
    return lastLetters(own.log, dead, own.partitions.get(dead) ?? 0, LETTERS_MAX);
  },
});
