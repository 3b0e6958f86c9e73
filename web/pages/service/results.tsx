import { useEffect, useMemo, useState } from 'preact/hooks';
import { isWatched } from '../../../src/console/facts.ts';
import type {
  HistoryPoint,
  ProfileView,
  SeriesKey,
  ServiceFacts,
  ServiceView,
} from '../../../src/console/source.ts';
import type { Alert } from '../../../src/records.ts';
import { about, keyOf, moment, number, percent, span, words } from '../../model/format.ts';
import { go, hrefOf, place } from '../../model/router.ts';
import { type Row, readHistory } from '../../model/service.ts';
import { alerts, onResults, refreshes, stepsByService } from '../../model/store.ts';
import { FAMILIES, LEVEL_TONES } from '../../model/words.ts';
import { Badge } from '../../parts/badge.tsx';
import { Chart } from '../../parts/chart.tsx';
import type { Happening, Limit } from '../../parts/chart-plot.ts';
import { Empty, Scroll, Section } from '../../parts/page.tsx';
import { eventText } from '../../parts/rollout.tsx';
import { Spark } from '../../parts/spark.tsx';
import type { PartProps } from './page.tsx';

const ROWS_MAX = 100;

/** What is shown first: what fires, else what the first rule watches. */
function firstOf(service: ServiceView, { rules }: ServiceFacts, rows: ReadonlyMap<string, Row>): string {
  for (const alert of service.firing) if (rows.has(keyOf(alert))) return keyOf(alert);
  const all = [...rows.values()];
  for (const rule of rules) {
    const found = all.find((row) => isWatched(rule, row));
    if (found !== undefined) return keyOf(found);
  }
  return all[0] === undefined ? '' : keyOf(all[0]);
}

/** The history of a series, kept by results as they come. */
export function useHistory(service: string, key: string): readonly HistoryPoint[] {
  const [points, setPoints] = useState<readonly HistoryPoint[]>([]);
  const refresh = refreshes.value;
  // After missed events all is read anew
  useEffect(() => {
    if (key === '') return;
    const [metric, subject, model, segment] = JSON.parse(key) as [string, string, string, string];
    let isOver = false;
    setPoints([]);
    readHistory(service, { metric, subject, model, segment }).then(
      (found) => {
        if (!isOver) setPoints(found);
      },
      () => {},
    );
    const leave = onResults((results) => {
      const own = results.filter((result) => result.service === service && keyOf(result) === key);
      if (own.length === 0) return;
      setPoints((known) => own.reduce(withHistory, known));
    });
    return () => {
      isOver = true;
      leave();
    };
  }, [service, key, refresh]);
  return points;
}

function withHistory(known: readonly HistoryPoint[], next: HistoryPoint): readonly HistoryPoint[] {
  const { windowEndMs, value, low, high, n } = next;
  let at = known.length;
  while (at > 0 && known[at - 1]!.windowEndMs >= windowEndMs) at--;
  const replaced = known[at]?.windowEndMs === windowEndMs ? 1 : 0;
  return [...known.slice(0, at), { windowEndMs, value, low, high, n }, ...known.slice(at + replaced)];
}

export function limitsOf({ rules }: ServiceFacts, series: SeriesKey): Limit[] {
  return rules
    .filter((rule) => isWatched(rule, series))
    .flatMap(({ name, thresholds }) =>
      thresholds.map(({ level, op, value }) => ({
        value,
        tone: LEVEL_TONES[level],
        label: `${level} ${op} ${number(value)} (${name})`,
      })),
    );
}

const isOf = (alert: Alert, series: SeriesKey): boolean => keyOf(alert) === keyOf(series);

/** Alarms of the series, and steps of roll-outs of the service. */
function happeningsOf(service: string, series: SeriesKey): Happening[] {
  const own = alerts.value
    .filter((alert) => alert.service === service && isOf(alert, series))
    .map(
      ({ windowEndMs, state, level, rule }): Happening => ({
        atMs: windowEndMs,
        kind: 'alarm',
        tone: state === 'firing' ? LEVEL_TONES[level] : 'none',
        label: `${rule} ${state === 'firing' ? `fires, ${level}` : 'resolves'}`,
      }),
    );
  const steps = (stepsByService.value.get(service) ?? [])
    .filter(({ event }) => event !== 'verdict')
    .map(
      ({ atMs, event, candidate, status }): Happening => ({
        atMs,
        kind: 'rollout',
        tone: status === 'rolled_back' ? 'bad' : 'info',
        label: `${candidate} ${eventText(event)}`,
      }),
    );
  return [...own, ...steps];
}

const referenceOf = (profiles: readonly ProfileView[], { metric, subject, model, segment }: SeriesKey) =>
  segment !== '*'
    ? null
    : (profiles
        .flatMap(({ references }) => references)
        .find((one) => one.metric === metric && one.subject === subject && one.model === model) ?? null);

export function ResultsPart({ service, detail: { facts, rows }, profiles }: PartProps) {
  const asked = place.value.query.get('series') ?? '';
  const [first] = useState(() => firstOf(service, facts, rows));
  const key = rows.has(asked) ? asked : first || firstOf(service, facts, rows);
  const row = rows.get(key);
  return (
    <>
      {row === undefined ? (
        <Empty>No window has closed yet.</Empty>
      ) : (
        <SeriesCard service={service.name} row={row} facts={facts} profiles={profiles} />
      )}
      <Table service={service} rows={rows} selected={key} />
    </>
  );
}

function SeriesCard({
  service,
  row,
  facts,
  profiles,
}: {
  service: string;
  row: Row;
  facts: ServiceFacts;
  profiles: readonly ProfileView[];
}) {
  const key = keyOf(row);
  const points = useHistory(service, key);
  const known = alerts.value;
  const steps = stepsByService.value;
  // The chart is drawn anew when one of these is another object.
  const limits = useMemo(() => limitsOf(facts, row), [facts, key]);
  const reference = useMemo(() => referenceOf(profiles, row), [profiles, key]);
  const happenings = useMemo(() => happeningsOf(service, row), [service, key, known, steps]);
  return (
    <Section
      title={about(row)}
      note={
        <>
          {moment(row.windowEndMs)}: <b class="big">{row.value === null ? row.reason : number(row.value)}</b>
        </>
      }
    >
      <div class="card">
        <Chart
          label={about(row)}
          points={points}
          limits={limits}
          reference={reference}
          happenings={happenings}
        />
      </div>
    </Section>
  );
}

/** What a reader must know of a number that depends on labels. */
function maturity({ final, coverage, expected }: Row): string {
  const usual = expected === null ? '' : ` (usually ${percent(expected)})`;
  const labels = coverage === null ? '' : `, ${percent(coverage)} of labels${usual}`;
  return final ? labels : `${labels}, preliminary`;
}

function Table({
  service,
  rows,
  selected,
}: {
  service: ServiceView;
  rows: ReadonlyMap<string, Row>;
  selected: string;
}) {
  const [text, setText] = useState('');
  const asked = text.toLowerCase().split(/\s+/).filter(Boolean);
  const ranks = Object.keys(FAMILIES);
  const found = [...rows.values()]
    .filter(({ family, metric, subject, model, segment }) => {
      const all = [family, metric, words(metric), subject, model, segment].join(' ').toLowerCase();
      return asked.every((word) => all.includes(word));
    })
    .sort((a, b) => ranks.indexOf(a.family) - ranks.indexOf(b.family));
  const shown = found.slice(0, ROWS_MAX);
  const fires = new Map(service.firing.map((alert) => [keyOf(alert), alert]));
  const more = found.length - shown.length;
  const filter = (
    <label class="filter">
      Filter{' '}
      <input
        type="search"
        data-filter
        value={text}
        placeholder="psi amount channel=card"
        spellcheck={false}
        onInput={(event) => setText(event.currentTarget.value)}
      />
    </label>
  );
  return (
    <Section title="All results" note={filter}>
      <Scroll label="Table of results">
        <table class="plain results">
          <thead>
            <tr>
              <th scope="col">Metric</th>
              <th scope="col">Subject</th>
              <th scope="col">Model</th>
              <th scope="col">Segment</th>
              <th scope="col" class="num">
                Value
              </th>
              <th scope="col">History</th>
              <th scope="col" class="num">
                n
              </th>
              <th scope="col">Window (UTC)</th>
            </tr>
          </thead>
          {Object.entries(FAMILIES).map(([family, title]) => {
            const own = shown.filter((row) => row.family === family);
            return own.length === 0 ? null : (
              <tbody key={family}>
                <tr class="family">
                  <th colSpan={8} scope="rowgroup">
                    {title}
                  </th>
                </tr>
                {own.map((row) => (
                  <ResultRow
                    key={keyOf(row)}
                    service={service.name}
                    row={row}
                    alert={fires.get(keyOf(row))}
                    isSelected={keyOf(row) === selected}
                  />
                ))}
              </tbody>
            );
          })}
        </table>
      </Scroll>
      <p class="muted small">
        {more > 0 ? `${more} more; use the filter.` : found.length > 0 ? '' : 'Nothing fits the filter.'}
      </p>
    </Section>
  );
}

function ResultRow({
  service,
  row,
  alert,
  isSelected,
}: {
  service: string;
  row: Row;
  alert: Alert | undefined;
  isSelected: boolean;
}) {
  const { metric, subject, model, segment, value, reason, n, windowStartMs, windowEndMs, history } = row;
  const show = (event: Event) => {
    event.preventDefault();
    go(hrefOf(['services', service], { series: keyOf(row) }), 'replace');
    document.querySelector('.chart')?.scrollIntoView({ block: 'center', behavior: 'smooth' });
  };
  return (
    <tr class={isSelected ? 'selected' : ''}>
      <th scope="row">
        <a
          href={hrefOf(['services', service], { series: keyOf(row) })}
          aria-current={isSelected || undefined}
          onClick={show}
        >
          {words(metric)}
        </a>
        {alert && <Badge tone={LEVEL_TONES[alert.level]}>{alert.level}</Badge>}
      </th>
      <td>{subject}</td>
      <td>{model}</td>
      <td>{segment === '*' ? <span class="muted">all</span> : segment}</td>
      <td class={value === null ? 'none' : 'num'}>{value === null ? reason || 'n/a' : number(value)}</td>
      <td>
        <Spark points={history} />
      </td>
      <td class="num">{number(n)}</td>
      <td class="nowrap muted">
        {moment(windowStartMs)}, {span(windowEndMs - windowStartMs)}
        {maturity(row)}
      </td>
    </tr>
  );
}
