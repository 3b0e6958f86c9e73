// `npm run fuzz`
import { withModule } from '../load.mjs';

await withModule('./fuzz/cli.ts', ({ main }) => main(process.argv.slice(2)));
