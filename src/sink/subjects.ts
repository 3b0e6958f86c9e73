/** What receivers that know a thing from its begin to its end are told of: alarms, or incidents. */

import type { Alert, Incident, Level } from '../records.ts';
import type { Delivery } from './sink.ts';

/**
 * What a record means to a receiver of its level and above. `eases`: it is open, but below that level. `dropped`: its
 * service is not configured any more, so that nobody will ever say that it is over.
 */
export type Change = 'fires' | 'eases' | 'resolves' | 'dropped';

/**
 * What a record says of its thing, whatever its level. `unchanged`: it is open, and nobody is told, unless its level has
 * fallen below theirs. `muted`: it is open, and nobody is told even that. `ends`: it is over, and whoever is told of its
 * level hears so. `lapses`: it is over, and only who has it open hears so.
 */
export type Says = 'fires' | 'unchanged' | 'muted' | 'ends' | 'lapses';

/** What all such records have. */
export interface Tellable {
  id: string;
  service: string;
  level: Level;
}

export interface Subject<R extends Tellable> {
  recordOf(delivery: Delivery): R | undefined;
  /** The same for all records of one thing. */
  keyOf(record: R): string;
  says(record: R): Says;
}

export const ALARMS: Subject<Alert> = {
  recordOf: ({ alert }) => alert,
  keyOf: ({ fingerprint }) => fingerprint,
  // An end has the level that fired last.
  says: ({ state }) => (state === 'firing' ? 'fires' : 'ends'),
};

export const INCIDENTS: Subject<Incident> = {
  recordOf: ({ incident }) => incident,
  keyOf: ({ incidentId }) => incidentId,
  says({ state, notify, muted }) {
    const isEnd = notify === 'all_alerts_resolved';
    if (state === 'open') {
      // Its level is that of what nobody hears of: the alarm that was told may fire again before anything else is.
      if (notify === '') return muted === '' ? 'unchanged' : 'muted';
      // What people knew of is over, and what fires is muted.
      return isEnd ? 'lapses' : 'fires';
    }
    return state === 'resolved' && isEnd ? 'ends' : 'lapses';
  },
};
