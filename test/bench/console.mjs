// The console in a real Chromium on loopback: from the address to the services that can be read, with an empty cache, and how long the browser works
// to draw a chart of 10,000 windows anew. `npm run bench -- console [--loads 10] [--redraws 50]`
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { createConsole } from '../../dist/console/server.js';
import { createConsoleState } from '../../dist/console/state.js';

const { values: options } = parseArgs({
  options: { loads: { type: 'string', default: '10' }, redraws: { type: 'string', default: '50' } },
});
const [LOADS, REDRAWS] = [Number(options.loads), Number(options.redraws)];
const WINDOWS = 10_000;
const MINUTE_MS = 60_000;
const T0 = Date.UTC(2026, 0, 1);

const spec = (service) => ({
  service,
  description: `about ${service}`,
  streams: [],
  inputs: [],
  outputs: [],
  models: [],
  segments: [],
  windows: { sizeMs: MINUTE_MS },
  rules: [
    {
      name: 'drift',
      metric: 'psi',
      subject: 'amount',
      model: '*',
      segment: '*',
      warning: { op: '>', value: 0.2 },
    },
  ],
  retrain: null,
});
const result = (service, subject, window) => ({
  ...{
    id: `${service} ${subject} ${window}`,
    service,
    family: 'input',
    metric: 'psi',
    subject,
    model: '',
    segment: '*',
  },
  ...{
    windowStartMs: T0 + window * MINUTE_MS,
    windowEndMs: T0 + (window + 1) * MINUTE_MS,
    revision: 0,
    final: true,
  },
  ...{
    value: 0.1 + Math.sin(window / 300) / 20 + ((window * 7_919) % 100) / 2_000,
    reason: '',
    n: 1_000,
    p: null,
  },
  ...{ low: 0.05, high: 0.2, coverage: null, expected: null },
});

const state = createConsoleState(['fraud', 'housing', 'inspection', 'search'].map(spec));
for (let window = 0; window < WINDOWS; window++) state.apply({ result: result('fraud', 'amount', window) });
for (const service of ['housing', 'inspection', 'search'])
  for (let window = 0; window < 100; window++)
    for (let input = 0; input < 100; input++)
      state.apply({ result: result(service, `input-${input}`, window) });

const source = {
  ...state,
  profiles: () => [],
  letters: async () => [],
  silences: async () => [],
  config: () => null,
  health: () => ({ live: true, ready: true, degraded: false, checks: [] }),
  command: async () => {
    throw new Error('nobody commands');
  },
};
const page = await createConsole(source, { host: '127.0.0.1', port: 0 });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
});
const median = (times) => times.sort((a, b) => a - b)[times.length >> 1];

async function load() {
  const context = await browser.newContext();
  const tab = await context.newPage();
  const startedMs = performance.now();
  await tab.goto(page.url);
  await tab.locator('li.service').nth(3).waitFor();
  const ms = performance.now() - startedMs;
  await context.close();
  return ms;
}

/** Time of the main thread for one redraw, of which the chart changes its width each time. */
async function redraw() {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const tab = await context.newPage();
  await tab.goto(`${page.url}/services/fraud`);
  await tab.getByRole('img', { name: /10,?000 windows/ }).waitFor();
  const cdp = await context.newCDPSession(tab);
  await cdp.send('Performance.enable');
  const taken = async () => {
    const { metrics } = await cdp.send('Performance.getMetrics');
    return metrics.find(({ name }) => name === 'TaskDuration').value * 1_000;
  };
  const before = await taken();
  await tab.evaluate(`(async () => {
    const plot = document.querySelector('.plot');
    for (let i = 0; i < ${REDRAWS}; i++) {
      plot.style.width = 700 + 2 * i + 'px';
      await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    }
  })()`);
  const ms = ((await taken()) - before) / REDRAWS;
  await context.close();
  return ms;
}

await load();
const loads = [];
for (let i = 0; i < LOADS; i++) loads.push(await load());
const slowest = Math.max(...loads);
process.stdout.write(
  `first load, empty cache: ${median(loads).toFixed(0)} ms (median of ${LOADS}, slowest ${slowest.toFixed(0)} ms)\n`,
);
process.stdout.write(
  `chart of 10,000 windows, drawn anew: ${(await redraw()).toFixed(1)} ms of the main thread\n`,
);
await browser.close();
await page.close();
