/** InfluxDB 1.x over plain HTTP. */

export type InfluxRow = Readonly<Record<string, string | number | boolean | null>>;

interface Series {
  tags?: Record<string, string>;
  columns: string[];
  values?: (string | number | boolean | null)[][];
}

/**
 * Runs InfluxQL, also `CREATE DATABASE` and `DROP DATABASE`.
 * @returns the rows of all series; tags and columns together, `time` in ms since 1970
 */
export async function influxQuery(influxUrl: string, database: string, query: string): Promise<InfluxRow[]> {
  const body = new URLSearchParams({ db: database, q: query, epoch: 'ms' });
  const response = await fetch(`${influxUrl}/query`, { method: 'POST', body });
  const answer = (await response.json()) as {
    error?: string;
    results?: { series?: Series[]; error?: string }[];
  };
  const error = answer.error ?? answer.results?.find((result) => result.error)?.error;
  if (!response.ok || error) throw new Error(`InfluxDB: ${error ?? response.status}`);
  return (answer.results ?? [])
    .flatMap((result) => result.series ?? [])
    .flatMap(({ tags, columns, values }) =>
      (values ?? []).map((row) => ({
        ...tags,
        ...Object.fromEntries(columns.map((column, i) => [column, row[i] ?? null])),
      })),
    );
}

/** Writes lines of the line protocol, time stamps in ms. */
export async function influxWrite(
  influxUrl: string,
  database: string,
  lines: readonly string[],
): Promise<void> {
  const query = new URLSearchParams({ db: database, precision: 'ms' });
  const response = await fetch(`${influxUrl}/write?${query}`, { method: 'POST', body: lines.join('\n') });
  if (!response.ok) throw new Error(`InfluxDB: ${response.status} ${await response.text()}`);
}
