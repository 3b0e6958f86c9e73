import { keyOf, number, words } from '../../model/format.ts';
import { go, hrefOf, place } from '../../model/router.ts';
import type { Row } from '../../model/service.ts';
import { Empty, Section } from '../../parts/page.tsx';
import { Whiskers } from '../../parts/whisker.tsx';
import type { PartProps } from './page.tsx';

const SHOWN_MAX = 40;

const topicOf = ({ metric, subject, model }: Row): string => JSON.stringify([metric, subject, model]);

/** Metrics that have segments: performance first. */
function topicsOf(rows: ReadonlyMap<string, Row>): Map<string, Row[]> {
  const topics = new Map<string, Row[]>();
  const ranks = ['performance', 'feedback', 'reliance', 'output', 'input', 'agreement', 'software'];
  const all = [...rows.values()].filter(({ segment }) => segment !== '*');
  for (const row of all.sort((a, b) => ranks.indexOf(a.family) - ranks.indexOf(b.family)))
    topics.set(topicOf(row), [...(topics.get(topicOf(row)) ?? []), row]);
  return topics;
}

/** One metric over all segments, the furthest from the whole traffic first. */
export function SegmentsPart({ service, detail: { rows, facts } }: PartProps) {
  const topics = topicsOf(rows);
  if (topics.size === 0)
    return (
      <Empty>
        {facts.segments.length === 0
          ? 'The service has no segments; see `segments` of its file.'
          : 'No window has closed yet.'}
      </Empty>
    );
  const watched = facts.rules.map(({ metric, subject, model }) => JSON.stringify([metric, subject, model]));
  const asked = place.value.query.get('of') ?? '';
  const key = topics.has(asked) ? asked : (watched.find((one) => topics.has(one)) ?? [...topics.keys()][0]!);
  const own = topics.get(key)!;
  const { metric, subject, model } = own[0]!;
  const whole = rows.get(keyOf({ metric, subject, model, segment: '*' }));
  const distance = ({ value }: Row) => (value === null ? -1 : Math.abs(value - (whole?.value ?? 0)));
  const ranked = [...own].sort((a, b) => distance(b) - distance(a)).slice(0, SHOWN_MAX);
  const list = [...(whole === undefined ? [] : [whole]), ...ranked].map((row) => ({
    key: row.segment,
    label: row.segment === '*' ? 'whole traffic' : row.segment,
    isStrong: row.segment === '*',
    ...(row.value === null && { note: row.reason }),
    ...{ value: row.value, low: row.low, high: row.high, n: row.n },
  }));
  const choice = (
    <label class="filter">
      Metric{' '}
      <select
        value={key}
        onChange={(event) =>
          go(hrefOf(['services', service.name, 'segments'], { of: event.currentTarget.value }), 'replace')
        }
      >
        {[...topics].map(([topic, [row]]) => (
          <option key={topic} value={topic}>
            {[words(row!.metric), row!.subject, row!.model].filter(Boolean).join(' · ')}
          </option>
        ))}
      </select>
    </label>
  );
  const gap = ranked[0] === undefined ? '' : `${ranked[0].segment} is the furthest from the whole`;
  return (
    <Section title="Segments, the furthest from the whole first" note={choice}>
      <div class="card">
        <Whiskers
          rows={list}
          at={whole?.value ?? null}
          label={`${words(metric)} of each segment, with 95 % intervals; ${gap}`}
        />
        <p class="muted small">
          The last window.{' '}
          {whole?.value != null && <>The line is the whole traffic, {number(whole.value)}. </>}
          Dots are values, bars 95 % intervals.
        </p>
      </div>
    </Section>
  );
}
