// What a newcomer does: clones, installs, starts the demo and looks at its page.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const REPOSITORY = fileURLToPath(new URL('../../..', import.meta.url));

/** The address of the page, once the demo says it. */
async function addressOf(demo) {
  for await (const line of createInterface(demo.stdout)) {
    const [address] = /http:\/\/\S+/.exec(line) ?? [];
    if (address) return address;
  }
  throw new Error('the demo ended before its page was there');
}

/** The first alarm that fires, asked for as the page does. */
async function firstAlert(url) {
  for (;;) {
    const alerts = await (await fetch(new URL('/api/alerts', url))).json();
    const firing = alerts.find(({ state }) => state === 'firing');
    if (firing) return firing;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

/**
 * @param dir an empty folder, where everything goes
 * @param look is called with the address of the page while the alert is there
 * @returns the first alert, and the seconds of each step
 */
export async function newcomer(dir, look = async () => {}) {
  const seconds = {};
  const step = async (name, what) => {
    const fromMs = performance.now();
    const result = await what();
    seconds[name] = Math.round((performance.now() - fromMs) / 100) / 10;
    return result;
  };
  await step('clone', () => run('git', ['clone', '--quiet', REPOSITORY, dir]));
  await step('install', () =>
    run('npm', ['ci', '--no-audit', '--no-fund'], { cwd: dir, maxBuffer: 2 ** 24 }),
  );
  // A group of its own: npm does not pass on what ends it.
  const demo = spawn('npm', ['run', '--silent', 'demo', '--', '--port', '0'], {
    cwd: dir,
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(demo, 'exit');
  try {
    const url = await step('start', () => addressOf(demo));
    const alert = await step('alert', () => firstAlert(url));
    await look(url, alert);
    return { alert, seconds };
  } finally {
    try {
      process.kill(-demo.pid, 'SIGTERM');
    } catch {
      // It has ended by itself.
    }
    await ended;
  }
}
