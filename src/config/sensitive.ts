/** `inputs.NAME.sensitive` in a service file: what it needs, and what the rest of the file then says. */

import type { Report } from './document.ts';
import { categoryHasher, isCategoryHash } from './privacy.ts';
import type { RuleShape } from './rule-shape.ts';
import type { View } from './view.ts';

/** Results that are one row's own value. */
const OF_ONE_ROW = ['min', 'max'];

/**
 * The view with the hashes of categories where a sensitive input's categories stand: the daemon never sees others after decoding. Reports sensitive inputs
 * without a key, and rules on what they do not give.
 *
 * @param secret undefined: telltale.yaml is broken, so that nobody knows whether there is one
 */
export function protectView(view: View, secret: string | null | undefined, report: Report): View {
  const names = new Set([...view.inputs].flatMap(([name, input]) => (input?.sensitive ? [name] : [])));
  if (names.size === 0) return view;
  if (secret === null)
    for (const name of names)
      report(['inputs', name, 'sensitive'], {
        message:
          'needs privacy.key or privacy.key_file in telltale.yaml: a secret of 16 letters or more, such as openssl rand -base64 32 gives',
      });
  view.rules.forEach((rule, i) => {
    if (rule?.metric !== undefined && OF_ONE_ROW.includes(rule.metric) && names.has(rule.subject))
      report(['rules', i, 'metric'], {
        message: `${rule.subject} is sensitive, and its ${rule.metric} would be the value of one request; take a quantile`,
      });
  });
  if (secret === undefined || secret === null) return view;
  const hash = categoryHasher(secret);
  const inputs = new Map([...view.inputs]);
  for (const name of names) {
    const input = inputs.get(name);
    if (input?.type !== 'categorical' || input.categories === undefined) continue;
    inputs.set(name, { ...input, categories: input.categories.map(hash) });
  }
  const hashed = (segment: string): string =>
    segment
      .split(',')
      .map((part) => hashedPart(part, names, hash))
      .join(',');
  const rules = view.rules.map((rule) => rule && hashedRule(rule, hashed));
  return { ...view, inputs, rules };
}

/** Either may be written: the category, or the hash that results show. */
function hashedPart(part: string, names: ReadonlySet<string>, hash: (category: string) => string): string {
  const equals = part.indexOf('=');
  const [name, category] = [part.slice(0, equals), part.slice(equals + 1)];
  return equals < 0 || !names.has(name) || isCategoryHash(category) ? part : `${name}=${hash(category)}`;
}

function hashedRule(rule: RuleShape, hashed: (segment: string) => string): RuleShape {
  const { segment, versus } = rule;
  const other = versus !== undefined && 'segment' in versus ? versus.segment : undefined;
  return {
    ...rule,
    segment: hashed(segment),
    ...(typeof other === 'string' ? { versus: { ...versus!, segment: hashed(other) } } : {}),
  };
}
