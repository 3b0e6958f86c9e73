// `npm run fault`
import { withModule } from './load.mjs';

// An exit handler ends what was started; without these a signal would end the process past it.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130));
await withModule('./run.ts', async ({ main }) => {
  process.exitCode = await main(process.argv.slice(2));
});
