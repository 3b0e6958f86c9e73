import type { InfluxDB } from 'influx';
import type { InfluxConfig } from '../../config/types.ts';
import { messageOf, TelltaleError } from '../../errors.ts';
import { connectInflux } from '../../sink/influx.ts';
import { textOfTag } from '../../sink/influx-points.ts';
import { type Progress, progress, type TerminalStream } from '../progress.ts';
import { alertOf, resultOf, type Source, type TimeRange } from './records.ts';

/** Points of one answer: about 3 MB of JSON. */
const POINTS_MAX = 10_000;

/** The year 1684; InfluxDB has no times before 1678. */
const EARLIEST_MS = -9_000_000_000_000;

type Row = Record<string, unknown>;

/** The measurements that the InfluxDB sink writes. */
export function influxSource(
  influx: InfluxConfig,
  service: string | undefined,
  stderr: TerminalStream,
): Source {
  const where = service === undefined ? '' : ` AND service = '${service.replace(/[\\']/g, '\\$&')}'`;
  return {
    name: `InfluxDB database ${influx.database} at ${new URL(influx.url).host}`,
    async read(taker, range) {
      const client = connectInflux(influx);
      const bar = progress(null, `read ${influx.database}`, stderr, 'points');
      const ask = (query: string) => rowsOf(client, influx, query);
      const reading = { bar, points: 0 };
      try {
        const rows = (measurement: string) => rowsOfMeasurement(ask, measurement, where, range, reading);
        const early = rows('telltale_preliminary');
        for await (const { row, isFirst } of merged(early, rows('telltale_result'))) {
          takeOr(taker.result, resultOf(fieldsOf(row, !isFirst)), taker.stranger);
        }
        for await (const row of rows('telltale_alert')) {
          takeOr(taker.alert, alertOf(fieldsOf(row, true)), taker.stranger);
        }
      } finally {
        bar.stop();
      }
    },
  };
}

function takeOr<T>(take: (found: T) => void, found: T | null, otherwise: () => void): void {
  if (found === null) otherwise();
  else take(found);
}

/** The record's own names; an empty text is a stand-in in a tag, and numbers are texts in one. */
function fieldsOf(row: Row, final: boolean): Row {
  const { time, ...rest } = row;
  const texts = Object.fromEntries(
    ['service', 'family', 'metric', 'subject', 'model', 'segment', 'rule', 'level', 'state'].map((name) => [
      name,
      typeof rest[name] === 'string' ? textOfTag(rest[name]) : rest[name],
    ]),
  );
  return { ...rest, ...texts, windowEndMs: time, revision: Number(rest.revision), final };
}

async function rowsOf(client: InfluxDB, influx: InfluxConfig, query: string): Promise<Row[]> {
  let answer: { results?: { series?: { columns: string[]; values: unknown[][] }[]; error?: string }[] };
  try {
    answer = await client.queryRaw(query, { database: influx.database, precision: 'ms' });
  } catch (cause) {
    const where = new URL(influx.url).host;
    throw new TelltaleError('sink_unavailable', `InfluxDB at ${where}: ${messageOf(cause)}`, { cause });
  }
  const [series] = answer.results?.[0]?.series ?? [];
  return (series?.values ?? []).map((values) =>
    Object.fromEntries(series!.columns.map((column, i) => [column, values[i]])),
  );
}

/** Both in the order of time; of a window the early revisions come before the final one, as they did when it was judged. */
async function* merged(
  first: AsyncIterator<Row>,
  second: AsyncIterator<Row>,
): AsyncGenerator<{ row: Row; isFirst: boolean }> {
  let [a, b] = [await first.next(), await second.next()];
  while (!a.done || !b.done) {
    const isFirst = !a.done && (b.done === true || Number(a.value.time) <= Number(b.value.time));
    if (isFirst) {
      yield { row: a.value, isFirst };
      a = await first.next();
    } else {
      yield { row: b.value, isFirst };
      b = await second.next();
    }
  }
}

/** Page by page in the order of time; a page ends between two times, so that no point is seen twice or left out. */
async function* rowsOfMeasurement(
  ask: (query: string) => Promise<Row[]>,
  measurement: string,
  where: string,
  { fromMs, toMs }: TimeRange,
  reading: { bar: Progress; points: number },
): AsyncGenerator<Row> {
  const from = `SELECT * FROM "${measurement}" WHERE time`;
  const until = Number.isFinite(toMs) ? ` AND time <= ${toMs}ms` : '';
  let after = ` > ${Number.isFinite(fromMs) ? fromMs : EARLIEST_MS}ms`;
  for (;;) {
    const page = await ask(`${from}${after}${until}${where} ORDER BY time ASC LIMIT ${POINTS_MAX}`);
    const isLast = page.length < POINTS_MAX;
    const lastMs = page.at(-1)?.time;
    reading.points += page.length;
    reading.bar.update(0, reading.points);
    if (isLast) {
      yield* page;
      return;
    }
    yield* page.filter(({ time }) => time !== lastMs);
    // More points at one time than a page holds: all of that time at once, one for each series.
    yield* await ask(`${from} = ${lastMs}ms${where}`);
    after = ` > ${lastMs}ms`;
  }
}
