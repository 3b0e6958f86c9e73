/** What pages read of a running flow, beside what was published. */

import type { ConsoleSource } from '../console/source.ts';
import { TelltaleError } from '../errors.ts';
import { lastLetters } from './letters.ts';
import { profilesOf } from './profile-views.ts';
import type { Runtime } from './runtime.ts';
import { type Judges, silenceViewsOf } from './silence-views.ts';

const LETTERS_MAX = 200;

/**
 * @param runtime null until the flow runs
 * @param state knows how far the event time of each service is
 * @param judges null: all is judged here
 */
export function shownOf(
  runtime: () => Runtime | null,
  state: Pick<ConsoleSource, 'services'>,
  judges: Judges = null,
): Pick<ConsoleSource, 'profiles' | 'letters' | 'silences'> {
  const silences = silenceViewsOf(state, judges);
  return {
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
    async silences() {
      const own = runtime();
      // None would be taken for an answer.
      if (own === null) throw new TelltaleError('broker_unavailable', 'the daemon has not started yet');
      return silences(own);
    },
  };
}
