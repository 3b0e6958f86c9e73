/** InfluxDB 1.x: the `influxd` of the Debian package `influxdb`, or the official image. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TelltaleError } from '../errors.ts';
import { answersHttp, below, type Part } from './part.ts';
import { hasTool, startServer } from './processes.ts';
import { IMAGES } from './settings.ts';

function configOf(port: number, dataDir: string): string {
  return `reporting-disabled = true
# The backup service; nobody uses it here, so any free port will do.
bind-address = "127.0.0.1:0"

[meta]
  dir = ${JSON.stringify(join(dataDir, 'meta'))}

[data]
  dir = ${JSON.stringify(join(dataDir, 'data'))}
  wal-dir = ${JSON.stringify(join(dataDir, 'wal'))}
  query-log-enabled = false

[http]
  bind-address = "127.0.0.1:${port}"
  log-enabled = false

[monitor]
  store-enabled = false
`;
}

export const influxPart: Part = {
  name: 'influx',
  title: 'InfluxDB 1.x',
  ports: (settings) => [settings.ports.influx],
  url: (settings) => `http://127.0.0.1:${settings.ports.influx}`,
  answers: (url) => answersHttp(below(url, '/ping')),

  async start({ settings, log, dataDir }) {
    if (!hasTool('influxd', ['version']))
      throw new TelltaleError(
        'stack_unavailable',
        'no Docker engine answers and `influxd` is missing: apt-get install influxdb',
      );
    mkdirSync(dataDir, { recursive: true });
    const config = join(dataDir, 'influxdb.conf');
    writeFileSync(config, configOf(settings.ports.influx, dataDir));
    return startServer('influxd', ['-config', config], { log, cwd: dataDir });
  },

  dockerArgs: (settings) => [
    '-p',
    `127.0.0.1:${settings.ports.influx}:8086`,
    '-e',
    'INFLUXDB_REPORTING_DISABLED=true',
    IMAGES.influx,
  ],
};
