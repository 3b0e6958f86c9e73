import type { InfluxDB } from 'influx';
import type { InfluxConfig } from '../../config/types.ts';
import { messageOf, TelltaleError } from '../../errors.ts';
import { connectInflux } from '../../sink/influx.ts';
import { textOfTag } from '../../sink/influx-points.ts';
import { type Progress, progress, type TerminalStream } from '../progress.ts';
import { alertOf, resultOf, type Source, type TimeRange } from './records.ts';

/** Points of one answer: about 3 MB of JSON. */
const POINTS_MAX = 10_000;

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
        await readAll(ask, 'telltale_preliminary', where, range, reading, (row) =>
          takeOr(taker.result, resultOf(fieldsOf(row, false)), taker.stranger),
        );
        await readAll(ask, 'telltale_result', where, range, reading, (row) =>
          takeOr(taker.result, resultOf(fieldsOf(row, true)), taker.stranger),
        );
        await readAll(ask, 'telltale_alert', where, range, reading, (row) =>
          takeOr(taker.alert, alertOf(fieldsOf(row, true)), taker.stranger),
        );
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

/** Page by page in the order of time; a page ends between two times, so that no point is seen twice or left out. */
async function readAll(
  ask: (query: string) => Promise<Row[]>,
  measurement: string,
  where: string,
  { fromMs, toMs }: TimeRange,
  reading: { bar: Progress; points: number },
  take: (row: Row) => void,
): Promise<void> {
  const from = `SELECT * FROM "${measurement}" WHERE time`;
  const until = Number.isFinite(toMs) ? ` AND time <= ${toMs}ms` : '';
  let after = Number.isFinite(fromMs) ? ` > ${fromMs}ms` : ' > -9000000000000ms';
  for (;;) {
    const page = await ask(`${from}${after}${until}${where} ORDER BY time ASC LIMIT ${POINTS_MAX}`);
    const isLast = page.length < POINTS_MAX;
    const lastMs = page.at(-1)?.time;
    let whole = isLast ? page : page.filter(({ time }) => time !== lastMs);
    // More points at one time than a page holds: all of that time at once, one for each series.
    if (!isLast) whole = [...whole, ...(await ask(`${from} = ${lastMs}ms${where}`))];
    for (const row of whole) take(row);
    reading.points += whole.length;
    reading.bar.update(0, reading.points);
    if (isLast) return;
    after = ` > ${lastMs}ms`;
  }
}
