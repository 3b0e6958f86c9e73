/** InfluxQL over the measurements of the sink (`src/sink/influx-points.ts`), with Grafana's variables and macros. */

export const SOURCE = { type: 'influxdb', uid: 'telltale-influxdb' } as const;

/** A query as Grafana's data source for InfluxDB keeps it in a panel. */
export interface Target {
  refId: string;
  datasource: typeof SOURCE;
  rawQuery: true;
  query: string;
  resultFormat: 'time_series' | 'table';
  alias?: string;
}

/** Conditions that hold for a dashboard, and for a whole query. */
export type Where = readonly string[];

const where = (conditions: Where): string => [...conditions, '$timeFilter'].join(' AND ');

/** Variables that may have several values are regular expressions; Grafana escapes what it puts in. */
export const chosen = (tag: string): string => `"${tag}" =~ /^$${tag}$/`;
export const is = (tag: string, value: string): string => `"${tag}" = '${value}'`;

const tags = (names: readonly string[]): string => names.map((name) => `, "${name}"`).join('');

export interface Series {
  /** A name of a metric, or of a field of another measurement. */
  of: string;
  /** Default: mean. */
  how?: 'mean' | 'max' | 'min' | 'sum' | 'last' | 'count';
  /** Default: value. */
  field?: string;
  by?: readonly string[];
  alias?: string;
}

const target = (index: number, query: string, alias?: string): Target => ({
  refId: String.fromCharCode(65 + index),
  datasource: SOURCE,
  rawQuery: true,
  query,
  resultFormat: 'time_series',
  ...(alias === undefined ? {} : { alias }),
});

/** Results of metrics over time, one series for each value of the tags in `by`. */
export const metrics = (conditions: Where, series: readonly Series[]): Target[] =>
  series.map(({ of, how = 'mean', field = 'value', by = [], alias }, i) => {
    const named = [is('metric', of), ...conditions];
    const select = `SELECT ${how}("${field}") FROM "telltale_result" WHERE ${where(named)}`;
    const legend =
      alias ??
      (series.length > 1
        ? [of, ...by.map((tag) => `$tag_${tag}`)].join(' ')
        : by.map((tag) => `$tag_${tag}`).join(' '));
    return target(i, `${select} GROUP BY time($__interval)${tags(by)} fill(none)`, legend || of);
  });

/** Fields of a measurement over time. */
export const fields = (measurement: string, conditions: Where, series: readonly Series[]): Target[] =>
  series.map(({ of, how = 'last', by = [], alias }, i) =>
    target(
      i,
      `SELECT ${how}("${of}") FROM "${measurement}" WHERE ${where(conditions)} GROUP BY time($__interval)${tags(by)} fill(none)`,
      alias ?? [of, ...by.map((tag) => `$tag_${tag}`)].join(' '),
    ),
  );

/** One number for each value of the tags in `by`, over the whole time that is shown. */
export const totals = (
  measurement: string,
  conditions: Where,
  count: string,
  by: readonly string[],
  alias: string,
): Target[] => [
  target(
    0,
    `SELECT ${count} FROM "${measurement}" WHERE ${where(conditions)} GROUP BY ${by.map((tag) => `"${tag}"`).join(', ')}`,
    alias,
  ),
];

/** The newest points of a measurement as rows. */
export const rows = (
  measurement: string,
  conditions: Where,
  columns: readonly string[],
  limit = 100,
): Target[] => [
  {
    ...target(
      0,
      `SELECT ${columns.map((column) => `"${column}"`).join(', ')} FROM "${measurement}" WHERE ${where(conditions)} ORDER BY time DESC LIMIT ${limit}`,
    ),
    resultFormat: 'table',
  },
];

/** The values of a tag, for a variable. */
export const tagValues = (tag: string, conditions: Where = [], measurement = 'telltale_result'): string => {
  const filter = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
  return `SHOW TAG VALUES FROM "${measurement}" WITH KEY = "${tag}"${filter}`;
};
