import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { METRICS } from '../../src/telemetry/metrics.ts';
import { startTelemetry, type Telemetry } from '../../src/telemetry/sdk.ts';

const options = { prometheus: { host: '127.0.0.1', port: 0 }, otlpUrl: null, serviceVersion: '9.8.7' };
let running: Telemetry | undefined;

afterEach(async () => {
  await running?.shutdown();
  running = undefined;
});

function recordAll({ metrics }: Telemetry): void {
  const place = { topic: 't', partition: 0, group: 'g' };
  metrics.consumed(place, 5);
  metrics.processed(place, 12);
  metrics.sent('t', 3);
  metrics.operation('send', 2, 'log_failed');
  metrics.records('fraud', 'requests', 5);
  metrics.deadLetter('fraud', 'requests', 'json');
  metrics.late('fraud', 'requests', 1);
  metrics.results('fraud', 7);
  metrics.alert('fraud', 'firing', 'critical');
  metrics.incident('fraud', 'open', 'first_notification');
  metrics.rollout('fraud', 'started');
  metrics.retrain('fraud', 'requested');
  metrics.lag(place, 42);
  metrics.checkpoint('a', 3);
  metrics.score('fraud', 'mlp', 'primary', 4);
  metrics.shadowOff('fraud', 'tree', true);
  metrics.prediction('fraud', 'mlp', 200, 3);
  metrics.sinkWritten('influx', 5);
  metrics.sinkFailed('influx');
  metrics.sinkDropped('influx');
}

test('the Prometheus page serves every metric of the table', async () => {
  running = await startTelemetry(options);
  recordAll(running);
  const page = await (await fetch(running.prometheusUrl ?? '')).text();
  for (const name of Object.keys(METRICS)) expect(page).toContain(`# TYPE ${name.replaceAll('.', '_')}`);
  expect(page).toMatch(/^telltale_dead_letters_total\{.*service="fraud".*code="json".*\} 1$/m);
  expect(page).toMatch(
    /^telltale_incidents_total\{.*service="fraud".*state="open".*notify="first_notification".*\} 1$/m,
  );
  expect(page).toMatch(/^telltale_lag\{.*topic="t".*partition="0".*\} 42$/m);
  expect(page).toMatch(/^telltale_score_duration_sum\{.*role="primary".*\} 0.004$/m);
  expect(page).toContain('service_version="9.8.7"');
  const operations = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');
  const advised = operations.match(/`(?:telltale|process)_\w+`/g)!.map((name) => name.slice(1, -1));
  expect(advised.length).toBeGreaterThan(5);
  for (const name of advised) expect(page).toMatch(new RegExp(`^${name}\\b`, 'm'));
  const base = new URL(running.prometheusUrl ?? '').origin;
  expect((await fetch(`${base}/else`)).status).toBe(404);
});

test('a port that is taken is an error that names it', async () => {
  running = await startTelemetry(options);
  const port = Number(new URL(running.prometheusUrl ?? '').port);
  const second = startTelemetry({ ...options, prometheus: { host: '127.0.0.1', port } });
  await expect(second).rejects.toThrow(`127.0.0.1:${port}`);
});

test('metrics go to an OTLP collector at the latest at the end', async () => {
  const bodies: Record<string, string> = {};
  const collector = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      bodies[request.url ?? ''] = Buffer.concat(chunks).toString('utf8');
      response.end('{}');
    });
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  const { port } = collector.address() as AddressInfo;
  const otlpUrl = `http://127.0.0.1:${port}/`;
  const telemetry = await startTelemetry({
    prometheus: null,
    otlpUrl,
    otlpEveryMs: 60_000,
    serviceVersion: '1',
  });
  recordAll(telemetry);
  await telemetry.shutdown();
  await new Promise((resolve) => collector.close(resolve));
  expect(bodies['/v1/metrics']).toContain('telltale.dead_letters');
});

test('without receivers the recorders do nothing, and after the end all can start again', async () => {
  const telemetry = await startTelemetry({ prometheus: null, otlpUrl: null, serviceVersion: '1' });
  recordAll(telemetry);
  expect(telemetry.prometheusUrl).toBeNull();
  await telemetry.shutdown();
  running = await startTelemetry(options);
  running.metrics.results('again', 1);
  expect(await (await fetch(running.prometheusUrl ?? '')).text()).toContain('service="again"');
});
