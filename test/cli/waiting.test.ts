/** Commands that read the log say what they wait for when no broker answers, as soon as it does not. */

import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

/** Nobody listens there any more. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test.each(['topics list', 'review', 'report', 'dead list'])('%s', { timeout: 60_000 }, async (words) => {
  const dir = mkdtempSync(join(tmpdir(), 'telltale-waiting-'));
  const broker = `127.0.0.1:${await closedPort()}`;
  writeFileSync(join(dir, 'telltale.yaml'), `kafka: { brokers: ['${broker}'] }\n`);
  mkdirSync(join(dir, 'services'));
  const service =
    'service: shop\nstreams: { requests: { topic: in } }\ninputs: { amount: { type: numeric } }\n';
  writeFileSync(join(dir, 'services/shop.yaml'), service);
  const child = spawn(process.execPath, [MAIN, '--config', dir, ...words.split(' ')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  try {
    const line = await new Promise<string>((resolve) => {
      let text = '';
      child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
        if (text.includes('\n')) resolve(text.split('\n')[0]!);
      });
      child.once('exit', () => resolve(`ended: ${text}`));
    });
    expect(line).toMatch(new RegExp(`^no broker answers at ${broker}: .*; trying again$`));
  } finally {
    child.kill('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  }
});
