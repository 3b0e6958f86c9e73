// `npm run simulate`
import { withModule } from '../load.mjs';

await withModule('./simulate/cli.ts', async ({ main }) => {
  process.exitCode = await main(process.argv.slice(2));
});
