/** Node 20 runs no TypeScript; the loader of the test runner does, and it is installed already. */
import { fileURLToPath } from 'node:url';
import { createViteServer } from 'vitest/node';

const loader = await createViteServer({
  root: fileURLToPath(new URL('../..', import.meta.url)),
  configFile: false,
  logLevel: 'error',
  appType: 'custom',
  server: { middlewareMode: true, watch: null, ws: false },
  optimizeDeps: { noDiscovery: true },
});
// An exit handler ends what was started; without these a signal would end the process past it.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130));
try {
  const { main } = await loader.ssrLoadModule('/test/fault/run.ts');
  process.exitCode = await main(process.argv.slice(2));
} finally {
  await loader.close();
}
