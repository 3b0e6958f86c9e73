/** A Prometheus Alertmanager of a test's own: the Debian package's binary, on loopback and without a cluster. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { hasTool } from '../../../src/stack/processes.ts';
import { until } from '../daemon.ts';
import { freePort } from './ports.ts';

/** Debian's name of it, and that of the upstream archives. */
const BINARY = ['prometheus-alertmanager', 'alertmanager'].find((name) => hasTool(name, ['--version']));

/** Null where it is not installed. */
export const ALERTMANAGER_MISSING: string | null =
  BINARY === undefined ? 'no Alertmanager here: apt-get install prometheus-alertmanager' : null;

export interface GettableAlert {
  labels: Record<string, string>;
  annotations: Record<string, string>;
  startsAt: string;
  endsAt: string;
  status: { state: 'active' | 'suppressed' | 'unprocessed'; silencedBy: string[] };
}

export interface Alertmanager {
  url: string;
  /** Those that have not resolved. */
  alerts(): Promise<GettableAlert[]>;
  /** @returns the silence's id */
  silence(matchers: Readonly<Record<string, string>>): Promise<string>;
  stop(): Promise<void>;
}

/** @param hook the URL that it notifies, at once and of ends too */
export async function startAlertmanager(hook: string): Promise<Alertmanager> {
  const dir = mkdtempSync(join(tmpdir(), 'telltale-alertmanager-'));
  const route = { receiver: 'hook', group_by: ['...'], group_wait: '0s', group_interval: '1s' };
  const receivers = [{ name: 'hook', webhook_configs: [{ url: hook, send_resolved: true }] }];
  writeFileSync(join(dir, 'alertmanager.yml'), stringify({ route, receivers }));
  const address = `127.0.0.1:${await freePort()}`;
  const args = [
    `--config.file=${join(dir, 'alertmanager.yml')}`,
    `--storage.path=${join(dir, 'data')}`,
    `--web.listen-address=${address}`,
    '--cluster.listen-address=',
  ];
  const child: ChildProcess = spawn(BINARY!, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let words = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-2_000);
  });
  const ended = once(child, 'exit');
  const url = `http://${address}`;
  const ask = async <T>(path: string, body?: object): Promise<T> => {
    const headers = { 'content-type': 'application/json' };
    const init = body === undefined ? {} : { method: 'POST', headers, body: JSON.stringify(body) };
    const response = await fetch(`${url}/api/v2/${path}`, init);
    if (!response.ok) throw new Error(`Alertmanager: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  };
  await until(`Alertmanager ${words}`, () =>
    ask('status').then(
      () => true,
      () => {
        if (child.exitCode !== null) throw new Error(`Alertmanager has ended: ${words}`);
        return false;
      },
    ),
  );
  return {
    url,
    alerts: () => ask('alerts'),
    async silence(wanted) {
      const matchers = Object.entries(wanted).map(([name, value]) => ({ name, value, isRegex: false }));
      const nowMs = Date.now();
      const { silenceID } = await ask<{ silenceID: string }>('silences', {
        matchers,
        startsAt: new Date(nowMs).toISOString(),
        endsAt: new Date(nowMs + 3_600_000).toISOString(),
        createdBy: 'test',
        comment: 'known',
      });
      return silenceID;
    },
    async stop() {
      child.kill('SIGTERM');
      await ended;
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
