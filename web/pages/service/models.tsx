import { useMemo } from 'preact/hooks';
import type { ServiceFacts, ServiceView } from '../../../src/console/source.ts';
import { keyOf, number, words } from '../../model/format.ts';
import { go, hrefOf, place } from '../../model/router.ts';
import type { Row } from '../../model/service.ts';
import { stepsByService } from '../../model/store.ts';
import { Chart } from '../../parts/chart.tsx';
import { Empty, Section } from '../../parts/page.tsx';
import { RolloutCard } from '../../parts/rollout.tsx';
import { Whiskers } from '../../parts/whisker.tsx';
import type { PartProps } from './page.tsx';
import { useHistory } from './results.tsx';

const NOTHING: never[] = [];

/** Metrics that two models at least have, of the whole traffic: metric and subject -> a row each. */
function sharedOf(rows: ReadonlyMap<string, Row>): Map<string, Row[]> {
  const shared = new Map<string, Row[]>();
  for (const row of rows.values()) {
    if (row.segment !== '*' || row.model === '' || !['performance', 'output'].includes(row.family)) continue;
    const key = JSON.stringify([row.metric, row.subject]);
    shared.set(key, [...(shared.get(key) ?? []), row]);
  }
  return new Map(
    [...shared]
      .filter(([, own]) => own.length > 1)
      .sort(([, [a]], [, [b]]) => Number(b!.family === 'performance') - Number(a!.family === 'performance')),
  );
}

export function ModelsPart({ service, detail: { rows, facts } }: PartProps) {
  const shared = sharedOf(rows);
  const agreement = [...rows.values()].filter(
    ({ family, segment }) => family === 'agreement' && segment === '*',
  );
  const [step] = stepsByService.value.get(service.name) ?? [];
  if (facts.models.length === 0)
    return <Empty>Another system scores; Telltale runs no models of this service.</Empty>;
  return (
    <>
      {step !== undefined && (
        <Section title="Roll-out">
          <RolloutCard step={step} />
        </Section>
      )}
      {shared.size > 0 ? (
        <Beside service={service} facts={facts} shared={shared} />
      ) : (
        <Empty>There is no shadow to compare with, or no window has closed yet.</Empty>
      )}
      {agreement.length > 0 && (
        <Section title="Agreement with the primary">
          <div class="card">
            <Whiskers
              label="Agreement of each shadow with the primary"
              rows={agreement.map((row) => ({
                key: keyOf(row),
                label: [words(row.metric), row.subject, row.model].filter(Boolean).join(' · '),
                ...{ value: row.value, low: row.low, high: row.high, n: row.n },
              }))}
            />
          </div>
        </Section>
      )}
    </>
  );
}

/** Primary and shadows side by side, and one of them over time. */
function Beside({
  service,
  facts,
  shared,
}: {
  service: ServiceView;
  facts: ServiceFacts;
  shared: Map<string, Row[]>;
}) {
  const asked = place.value.query.get('of') ?? '';
  const preferred = [...shared.keys()].find((one) =>
    ['accuracy', 'mae'].includes((JSON.parse(one) as string[])[0]!),
  );
  const key = shared.has(asked) ? asked : (preferred ?? [...shared.keys()][0]!);
  const own = shared.get(key)!;
  const primary = facts.models.find(({ role }) => role === 'primary')?.name;
  const first = own.find(({ model }) => model === primary) ?? own[0]!;
  const wished = place.value.query.get('with') ?? '';
  const second =
    own.find((row) => row !== first && row.model === wished) ?? own.find((row) => row !== first)!;
  const points = useHistory(service.name, keyOf(first));
  const other = useHistory(service.name, keyOf(second));
  const show = (of: string, beside: string) =>
    go(hrefOf(['services', service.name, 'models'], { of, ...(beside && { with: beside }) }), 'replace');
  const title = useMemo(
    () => [words(first.metric), first.subject].filter(Boolean).join(' · '),
    [first.metric, first.subject],
  );
  const choice = (
    <>
      <label class="filter">
        Metric{' '}
        <select value={key} onChange={(event) => show(event.currentTarget.value, '')}>
          {[...shared.keys()].map((one) => (
            <option key={one} value={one}>
              {words((JSON.parse(one) as string[]).filter(Boolean).join(' · '))}
            </option>
          ))}
        </select>
      </label>
      {own.length > 2 && (
        <label class="filter">
          Beside it{' '}
          <select value={second.model} onChange={(event) => show(key, event.currentTarget.value)}>
            {own
              .filter((row) => row !== first)
              .map(({ model }) => (
                <option key={model} value={model}>
                  {model}
                </option>
              ))}
          </select>
        </label>
      )}
    </>
  );
  return (
    <Section title="Primary and shadows" note={choice}>
      <div class="card">
        <Whiskers
          label={`${title} of each model`}
          at={first.value}
          rows={own.map((row) => ({
            key: row.model,
            label: row.model,
            note: facts.models.find(({ name }) => name === row.model)?.role ?? '',
            isStrong: row === first,
            ...{ value: row.value, low: row.low, high: row.high, n: row.n },
          }))}
        />
        <p class="small">
          <i class="swatch first" /> {first.model} {number(first.value)} &nbsp; <i class="swatch second" />{' '}
          {second.model} {number(second.value)}
        </p>
        <Chart
          label={`${title}: ${first.model}, and beside it ${second.model}`}
          points={points}
          other={other}
          limits={NOTHING}
          reference={null}
          happenings={NOTHING}
          height={220}
        />
      </div>
    </Section>
  );
}
