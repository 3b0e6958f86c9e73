import { defineConfig } from 'vitest/config';

const isCI = Boolean(process.env.CI) && process.env.CI !== 'false';

const common = {
  pool: 'forks' as const,
  // Bad data must be shown by a failing test, not hidden by a second try.
  retry: 0,
};

export default defineConfig({
  test: {
    watch: false,
    globalSetup: ['test/global-setup.ts'],
    reporters: isCI ? ['default', ['json', { outputFile: '.cache/vitest.json' }]] : ['default'],
    projects: [
      {
        test: {
          ...common,
          name: 'unit',
          include: ['test/**/*.test.{ts,tsx}'],
          exclude: ['test/stack/**', 'node_modules/**'],
          testTimeout: 20_000,
          hookTimeout: 30_000,
        },
      },
      {
        test: {
          ...common,
          name: 'stack',
          include: ['test/stack/**/*.test.ts'],
          // Of this project alone: a run that is filtered to other tests never starts a broker.
          globalSetup: ['test/stack/support/global-setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          // One broker and two cores: files side by side only make each other slow.
          fileParallelism: false,
        },
      },
    ],
  },
});
