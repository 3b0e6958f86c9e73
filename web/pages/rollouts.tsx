import type { HistoryPoint, RolloutView } from '../../src/console/source.ts';
import { moment, number, percent, words } from '../model/format.ts';
import { hrefOf } from '../model/router.ts';
import { earlierRollouts, isPlanned, stepsByService } from '../model/store.ts';
import { ROLLOUT_TONES } from '../model/words.ts';
import { Badge } from '../parts/badge.tsx';
import { Chart } from '../parts/chart.tsx';
import type { Happening } from '../parts/chart-plot.ts';
import { Empty, Page, Section } from '../parts/page.tsx';
import { eventText, RolloutCard } from '../parts/rollout.tsx';

export function RolloutsPage() {
  const all = [...stepsByService.value.values()];
  return (
    <Page
      title="Roll-outs"
      lead="How new models take over, on what evidence, and how much they decide by themselves."
    >
      {all.length > 0 ? (
        <div class="stack">
          {all.map(([now]) => (
            <RolloutCard key={now!.service} step={now!} />
          ))}
        </div>
      ) : (
        <Empty>Nothing was ever rolled out.</Empty>
      )}
      {earlierRollouts.value.length > 0 && (
        <Section title="Earlier" note="newest first">
          <ol class="list">
            {earlierRollouts.value.map((step) => (
              <EarlierItem key={step.rolloutId} step={step} />
            ))}
          </ol>
        </Section>
      )}
    </Page>
  );
}

function EarlierItem({ step: { service, candidate, primary, status, reason, atMs } }: { step: RolloutView }) {
  const tone = ROLLOUT_TONES[status];
  return (
    <li class={`item edge ${tone}`}>
      <div class="item-line">
        <Badge tone={tone}>{words(status)}</Badge>
        <a class="item-title" href={hrefOf(['rollouts', service])}>
          {service}: {candidate} against {primary}
        </a>
        <span class="when">{moment(atMs)}</span>
      </div>
      <p class="muted small">{reason}</p>
    </li>
  );
}

/** The difference of the last roll-out over time, with its interval. */
const pointsOf = (steps: readonly RolloutView[]): HistoryPoint[] =>
  steps
    .filter(({ difference }) => difference !== null)
    .map(({ atMs, difference, low, high, counts }) => ({
      windowEndMs: atMs,
      value: 100 * difference!,
      low: low === null ? null : 100 * low,
      high: high === null ? null : 100 * high,
      n: counts.n,
    }))
    .reverse();

const happeningsOf = (steps: readonly RolloutView[]): Happening[] =>
  steps
    .filter(({ event }) => event !== 'verdict')
    .map(({ atMs, event, candidate, status }) => ({
      atMs,
      kind: 'rollout',
      tone: status === 'rolled_back' ? 'bad' : 'info',
      label: `${candidate} ${eventText(event)}`,
    }));

const NO_DIFFERENCE = [{ value: 0, tone: 'none' as const, label: 'no difference' }];

export function RolloutPage({ service }: { service: string }) {
  const steps = stepsByService.value.get(service) ?? [];
  const [now] = steps;
  if (now === undefined)
    return (
      <Page title={`Roll-out of ${service}`}>
        <Empty>Nothing of {service} was ever rolled out.</Empty>
      </Page>
    );
  const own = steps.filter(({ rolloutId }) => rolloutId === now.rolloutId);
  const points = pointsOf(own);
  return (
    <Page title={`Roll-out of ${service}`} lead={<a href={hrefOf(['services', service])}>{service}</a>}>
      <RolloutCard step={now} />
      {points.length > 1 && (
        <Section
          title={`Wrong answers of ${now.candidate} less those of ${now.primary}`}
          note="percentage points, with what is not refuted at all times at once"
        >
          <div class="card">
            <Chart
              label={`wrong answers of ${now.candidate} less those of ${now.primary}, percentage points`}
              points={points}
              limits={NO_DIFFERENCE}
              reference={null}
              happenings={happeningsOf(own)}
              height={220}
              band="not refuted"
            />
          </div>
        </Section>
      )}
      <Section title="Steps" note="newest first">
        <ol class="timeline">
          {steps.map((step) => (
            <li key={step.id}>
              <time>{moment(step.atMs)}</time>
              <span>
                <b>
                  {isPlanned(step) ? `${step.candidate} ` : ''}
                  {eventText(step.event)}
                </b>
                {isPlanned(step) && `, ${step.stageKind} ${percent(step.share)}`}
                {step.by !== '' && `, by ${step.by}`}
                <span class="muted">
                  : {step.reason}; verdict {step.verdict}
                  {step.doubt && ` (${words(step.doubt)})`}, {number(step.counts.n)} labels
                </span>
              </span>
            </li>
          ))}
        </ol>
      </Section>
    </Page>
  );
}
