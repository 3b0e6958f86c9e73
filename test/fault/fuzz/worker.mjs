// Entry of the process that fuzzes.
import { withModule } from '../load.mjs';

await withModule('./fuzz/worker.ts', async ({ work }) => {
  const ordered = new Promise((resolve) => process.once('message', resolve));
  process.send({ kind: 'progress', target: null, runs: 0 });
  await work(await ordered);
});
process.disconnect();
