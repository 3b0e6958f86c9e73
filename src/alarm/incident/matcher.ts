/** Which alarms a matcher of a silence, a maintenance window or an inhibition means. */

import { type Level, MATCH_FIELDS, type Matcher, type Watched } from '../../records.ts';

/** What of an alarm is matched. */
export type Matched = Watched & { rule: string; level: Level };

/**
 * Whether an alarm fits: in each field that has texts one of them has to, where `*` stands for any run of characters,
 * none too, and all else for itself. Takes time in proportion to the alarm's texts.
 */
export function createMatch(matcher: Matcher): (what: Matched) => boolean {
  const tests = MATCH_FIELDS.flatMap((field) => {
    const texts = matcher[field] ?? [];
    return texts.length === 0 ? [] : [{ field, fits: texts.map(createFit) }];
  });
  return (what) => tests.every(({ field, fits }) => fits.some((isFit) => isFit(what[field])));
}

/** No regular expression: several `*` make one that goes back over the text again and again. */
function createFit(pattern: string): (text: string) => boolean {
  const [first = '', ...others] = pattern.split('*');
  const last = others.pop();
  if (last === undefined) return (text) => text === pattern;
  return (text) => {
    const end = text.length - last.length;
    if (end < first.length || !text.startsWith(first) || !text.endsWith(last)) return false;
    // The first place is the best: it leaves the most for the parts that follow.
    let at = first.length;
    for (const part of others) {
      const found = text.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return at <= end;
  };
}

/** For people: `rule=drift segment=country=*|plan=pro`. */
export function matcherText(matcher: Matcher): string {
  const fields = MATCH_FIELDS.flatMap((field) => {
    const texts = matcher[field] ?? [];
    return texts.length === 0 ? [] : [`${field}=${texts.join('|')}`];
  });
  return fields.length === 0 ? 'every alarm' : fields.join(' ');
}
