/**
 * Builds config/baselines of the demo from the calm period of its stories, drawn with a seed that the demo
 * does not use, with the labels, predictions and feedback of that time. Usage, after `npm run build`:
 * node models/build-baselines.mjs
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { STORIES } from '../dist/demo/stories/index.js';

const SEED = 77_001;
const OPTIONS = {
  requests: '--from',
  predictions: '--predictions',
  labels: '--labels',
  feedback: '--feedback',
};
const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'telltale-'));
mkdirSync(join(root, 'config/baselines'), { recursive: true });
for (const story of STORIES) {
  const lines = new Map();
  for await (const { stream, timeMs, value } of story.records(SEED)) {
    if (!(stream in OPTIONS) || timeMs >= story.injectAtMs) continue;
    if (!lines.has(stream)) lines.set(stream, []);
    lines.get(stream).push(value.toString());
  }
  const args = ['baseline', 'build', '--service', story.service];
  for (const [stream, own] of lines) {
    const file = join(folder, `${story.service}-${stream}.ndjson`);
    writeFileSync(file, `${own.join('\n')}\n`);
    args.push(OPTIONS[stream], file);
  }
  args.push('--out', join(root, 'config/baselines', `${story.service}.json`));
  execFileSync(process.execPath, [join(root, 'dist/main.js'), ...args], { cwd: root, stdio: 'inherit' });
}
rmSync(folder, { recursive: true });
