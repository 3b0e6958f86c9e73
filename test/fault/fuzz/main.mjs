// `npm run fuzz`
import { withModule } from './load.mjs';

await withModule('./cli.ts', ({ main }) => main(process.argv.slice(2)));
