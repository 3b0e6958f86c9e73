/** How a stack test gets its servers. */
import { describe, inject, type TestContext } from 'vitest';
import type { StackUrls } from '../../../src/stack/stack.ts';

export type { StackUrls } from '../../../src/stack/stack.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** null where no stack can be had and the run may skip its tests. */
    stack: StackUrls | null;
  }
}

/** Stands in while the tests of a skipped suite are listed; nothing listens there. */
const NOWHERE: StackUrls = {
  kafka: '127.0.0.1:1',
  influx: 'http://127.0.0.1:1',
  registry: 'http://127.0.0.1:1',
};

/**
 * A suite that needs the stack; its tests count as skipped without one.
 * The body is run in any case to list the tests, so it must do its I/O in hooks and tests only.
 */
export function describeStack(title: string, body: (stack: StackUrls) => void): void {
  const stack = inject('stack');
  describe.skipIf(stack === null)(title, () => body(stack ?? NOWHERE));
}

/** For a single test: the stack, or the test is skipped here. */
export function stackOrSkip(context: Pick<TestContext, 'skip'>): StackUrls {
  const stack = inject('stack');
  if (stack === null) context.skip('no stack');
  return stack ?? NOWHERE;
}

type SecureStack = StackUrls & Required<Pick<StackUrls, 'kafkaSecure'>>;

/**
 * A suite that needs the listener with TLS and SASL, which only a broker that the stack has started has: with
 * KAFKA_BROKERS, in Docker, and on a broker that an older version has started its tests count as skipped, and say why.
 */
export function describeSecureStack(title: string, body: (stack: SecureStack) => void): void {
  const stack = inject('stack');
  const kafkaSecure = stack?.kafkaSecure;
  const isThere = stack !== null && kafkaSecure !== undefined;
  const shown =
    isThere || stack === null ? title : `${title} (${stack.kafka} has no listener with TLS that we know)`;
  describe.skipIf(!isThere)(shown, () =>
    body({ ...(stack ?? NOWHERE), kafkaSecure: kafkaSecure ?? { brokers: NOWHERE.kafka, caFile: '' } }),
  );
}
