import type { Distribution } from '../../../src/console/source.ts';
import { keyOf, moment, number, percent } from '../../model/format.ts';
import { LEVEL_TONES } from '../../model/words.ts';
import { seriesHref } from '../../parts/alarm-list.tsx';
import { Badge } from '../../parts/badge.tsx';
import { cellsOf, Histogram, movedShare } from '../../parts/histogram.tsx';
import { Empty, Section } from '../../parts/page.tsx';
import type { PartProps } from './page.tsx';

const METRICS: Record<Distribution['role'], string> = {
  input: 'psi',
  class: 'class_drift',
  score: 'score_drift',
};
const ANSWERS: Record<Distribution['role'], string> = { input: '', class: 'classes', score: 'scores' };

/** Distributions of the last window over those of the reference, what has moved most first. */
export function InputsPart({ service, detail: { rows }, profiles }: PartProps) {
  const all = profiles.flatMap(({ distributions }) => distributions);
  const moved = (one: Distribution) => movedShare(cellsOf(one));
  const inputs = all.filter(({ role }) => role === 'input').sort((a, b) => moved(b) - moved(a));
  const answers = all.filter(({ role }) => role !== 'input').sort((a, b) => moved(b) - moved(a));
  const end = profiles.find(({ distributions }) => distributions.length > 0)?.windowEndMs;
  if (end === undefined)
    return (
      <Empty>
        No distribution stands beside a reference yet: no window has closed since the start, there is no
        baseline, or another instance judges this service.
      </Empty>
    );
  const card = (of: Distribution) => {
    const series = { metric: METRICS[of.role], subject: of.subject, model: of.model, segment: '*' };
    const alarm = service.firing.find(
      (alert) => alert.segment === '*' && alert.subject === of.subject && alert.model === of.model,
    );
    const row = rows.get(keyOf(series));
    return (
      <article class="card" key={`${of.role} ${of.model} ${of.subject}`}>
        <div class="item-line">
          <h3>
            {of.subject}
            {of.role !== 'input' && (
              <span class="muted">
                {' '}
                {ANSWERS[of.role]}, {of.model || 'the other system'}
              </span>
            )}
          </h3>
          {alarm && <Badge tone={LEVEL_TONES[alarm.level]}>{alarm.level}</Badge>}
        </div>
        <Histogram of={of} />
        <p class="small muted">
          {percent(moved(of))} moved
          {row?.value != null && (
            <>
              ,{' '}
              <a href={seriesHref(service.name, series)}>
                {METRICS[of.role]!.replace('_', ' ')} {number(row.value)}
              </a>
            </>
          )}
        </p>
      </article>
    );
  };
  const legend = (
    <>
      window until {moment(end)} &nbsp; <i class="swatch before" /> reference <i class="swatch now" /> window
    </>
  );
  return (
    <>
      <Section title="Inputs against the reference" note={legend}>
        {inputs.length > 0 ? (
          <div class="grid">{inputs.map(card)}</div>
        ) : (
          <Empty>No input has a reference.</Empty>
        )}
      </Section>
      {answers.length > 0 && (
        <Section title="Answers against the reference">
          <div class="grid">{answers.map(card)}</div>
        </Section>
      )}
    </>
  );
}
