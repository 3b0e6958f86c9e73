// `npm run scoreboard`
import { withModule } from '../fault/load.mjs';

await withModule('../scoreboard/cli.ts', async ({ main }) => {
  process.exitCode = await main(process.argv.slice(2));
});
