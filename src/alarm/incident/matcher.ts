/** Which alarms a matcher of a silence, a maintenance window or an inhibition means. */

import { createWildcard } from '../../math/wildcard.ts';
import { type Level, MATCH_FIELDS, type Matcher, type Watched } from '../../records.ts';

/** What of an alarm is matched. */
export type Matched = Watched & { rule: string; level: Level };

/**
 * Whether an alarm fits: in each field that has texts one of them has to, where `*` stands for any run of characters.
 * Takes time in proportion to the alarm's texts.
 */
export function createMatch(matcher: Matcher): (what: Matched) => boolean {
  const tests = MATCH_FIELDS.flatMap((field) => {
    const texts = matcher[field] ?? [];
    return texts.length === 0 ? [] : [{ field, fits: texts.map(createWildcard) }];
  });
  return (what) => tests.every(({ field, fits }) => fits.some((isFit) => isFit(what[field])));
}

/** For people: `rule=drift segment=country=*|plan=pro`. */
export function matcherText(matcher: Matcher): string {
  const fields = MATCH_FIELDS.flatMap((field) => {
    const texts = matcher[field] ?? [];
    return texts.length === 0 ? [] : [`${field}=${texts.join('|')}`];
  });
  return fields.length === 0 ? 'every alarm' : fields.join(' ');
}
