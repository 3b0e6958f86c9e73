import type { InfluxConfig } from '../../config/types.ts';
import { type DoctorCheck, fail, ok, warn, whyOf } from './check.ts';

const TIMEOUT_MS = 5_000;

/** That InfluxDB answers, and would take a write: an empty one, which leaves nothing behind. */
export const influxCheck: DoctorCheck = {
  name: 'influxdb',
  description: 'InfluxDB answers, has the database, and takes a write of this user',
  needsBrokers: false,
  async run({ config: { influx } }) {
    if (influx === null) return [ok('none is configured')];
    const shown = new URL(influx.url).host;
    let version: string;
    try {
      const answer = await request(influx, '/ping', 'GET');
      version = answer.headers.get('x-influxdb-version') ?? '';
    } catch (error) {
      const cure = 'Check influx.url and that InfluxDB runs; until then results wait in Kafka.';
      return [fail(`InfluxDB at ${shown} does not answer: ${whyOf(error)}`, cure)];
    }
    const database = encodeURIComponent(influx.database);
    const { status } = await request(influx, `/write?db=${database}`, 'POST');
    if (status === 404) {
      const create = `influx -execute 'CREATE DATABASE "${influx.database}"'`;
      return [
        warn(
          `InfluxDB at ${shown} has no database ${influx.database}`,
          `telltale run makes it; or ${create}`,
        ),
      ];
    }
    if (status === 401 || status === 403) {
      const user = influx.username === '' ? 'USER' : `"${influx.username}"`;
      const grant = `Check influx.username and influx.password, and GRANT ALL ON "${influx.database}" TO ${user}.`;
      return [fail(`InfluxDB at ${shown} refuses to write into ${influx.database}: HTTP ${status}`, grant)];
    }
    if (status >= 400)
      return [fail(`InfluxDB at ${shown} answers a write with HTTP ${status}`, 'See its log.')];
    return [ok(`InfluxDB ${version} at ${shown} takes writes into ${influx.database}`)];
  },
};

export function request(
  { url, username, password }: InfluxConfig,
  path: string,
  method: string,
): Promise<Response> {
  const base = new URL(url);
  const user = username === '' ? decodeURIComponent(base.username) : username;
  const secret = password === '' ? decodeURIComponent(base.password) : password;
  base.username = '';
  base.password = '';
  const token = Buffer.from(`${user}:${secret}`).toString('base64');
  return fetch(base.href.replace(/\/+$/, '') + path, {
    method,
    headers: user === '' ? {} : { authorization: `Basic ${token}` },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
}
