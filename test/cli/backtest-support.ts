/** Two configurations over two hours of one value. */
import { join } from 'node:path';
import { METRICS } from '../../src/metric/registry.ts';
import { fakeWiring, folder, telltale } from './support.ts';

const wiring = fakeWiring({ registries: { metrics: new Map(Object.entries(METRICS)) } });
export const START_MS = Date.UTC(2026, 0, 5);
export const MINUTE_MS = 60_000;
export const at = (minute: number): string => new Date(START_MS + minute * MINUTE_MS).toISOString();

/** Two hours of a calm 50 but for three stretches: high, a little high for one minute, and higher. */
const levelOf = (minute: number): number => {
  if (minute >= 30 && minute < 45) return 120;
  if (minute === 60) return 110;
  return minute >= 90 && minute < 100 ? 180 : 50;
};
const csv = [
  'id,time,x',
  ...Array.from({ length: 480 }, (_, i) => `r${i},${at(i / 4)},${levelOf(Math.floor(i / 4))}`),
].join('\n');

export const HIGH = "{ name: high, metric: mean, subject: x, warning: '> 100', critical: '> 150', min_n: 1 }";
export const serviceOf = (rules: readonly string[], more: { name?: string; text?: string } = {}): string =>
  `service: ${more.name ?? 'pump'}
streams: { requests: { topic: ${more.name ?? 'pump'}.requests } }
inputs: { x: { type: numeric } }
windows: { size: 1m, lateness: 0s }
rules: [${rules.join(', ')}]
retrain: { mode: automatic, on: [high], level: warning, cooldown: 30m, lookback: 1h }
${more.text ?? ''}`;

export const daemon = 'services: services\n';
export const sides = (current: readonly string[], candidate: readonly string[]): Record<string, string> => ({
  'old/telltale.yaml': daemon,
  'old/services/pump.yaml': serviceOf(current),
  'new/telltale.yaml': daemon,
  'new/services/pump.yaml': serviceOf(candidate),
  'x.csv': csv,
});

export async function backtest(
  files: Record<string, string>,
  args: string[] = [],
  { candidate = 'DIR/new', from = ['DIR/x.csv'], isTTY = false } = {},
) {
  const dir = folder(files);
  const placed = ['--candidate', candidate, '--from', ...from, ...args].map((arg) => arg.replace('DIR', dir));
  const done = await telltale(['backtest', '--config', join(dir, 'old'), ...placed], wiring, { isTTY });
  return { ...done, dir };
}
