/**
 * Before the first stack test: a stack to test against, the user's own or ours. It is left running, so
 * that the next run finds it; `npm run stack -- down` ends it.
 */
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import { messageOf, TelltaleError } from '../../../src/errors.ts';
import { settingsFrom } from '../../../src/stack/settings.ts';
import { type StackUrls, up } from '../../../src/stack/stack.ts';
import './context.ts';
import { prepareForeign } from './foreign.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

function say(line: string): void {
  process.stderr.write(`stack: ${line}\n`);
}

async function findStack(): Promise<StackUrls | string> {
  if (process.env.TELLTALE_STACK === 'off') return 'TELLTALE_STACK=off';
  try {
    const urls = await up(settingsFrom(process.env, { root: ROOT }), say);
    await prepareForeign();
    return urls;
  } catch (error) {
    if (error instanceof TelltaleError) return messageOf(error).replaceAll('\n', '; ');
    throw error;
  }
}

export default async function setup(project: TestProject): Promise<void> {
  const found = await findStack();
  if (typeof found !== 'string') {
    // For tests that read what a user would set. In this project only: elsewhere they would depend on the filter.
    project.config.env = {
      ...project.config.env,
      KAFKA_BROKERS: found.kafka,
      INFLUX_URL: found.influx,
      REGISTRY_URL: found.registry,
    };
    project.provide('stack', found);
    if (found.kafkaSecure === undefined)
      say(
        `no listener with TLS and SASL at ${found.kafka}, so the tests of it are skipped: unset KAFKA_BROKERS, ` +
          'or end a broker of an older version with "npm run stack -- down"',
      );
    return;
  }
  const ci = process.env.CI;
  if (ci && ci !== 'false') throw new Error(`CI needs the stack, and it cannot be had: ${found}`);
  say(`none can be had, so the tests in test/stack are skipped: ${found}`);
  project.provide('stack', null);
}
