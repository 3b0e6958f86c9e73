/**
 * Builds config/baselines of the demo from the calm period of its stories, drawn with a seed that the demo
 * does not use. Usage, after `npm run build`: node models/build-baselines.mjs
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { STORIES } from '../dist/demo/stories/index.js';

const SEED = 77_001;
const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'telltale-'));
mkdirSync(join(root, 'config/baselines'), { recursive: true });
for (const story of STORIES) {
  const lines = [];
  for await (const record of story.records(SEED)) {
    if (record.stream === 'requests' && record.timeMs < story.injectAtMs) lines.push(record.value.toString());
  }
  const file = join(folder, `${story.service}.ndjson`);
  writeFileSync(file, `${lines.join('\n')}\n`);
  const out = join(root, 'config/baselines', `${story.service}.json`);
  const args = ['baseline', 'build', '--service', story.service, '--from', file, '--out', out];
  execFileSync(process.execPath, [join(root, 'dist/main.js'), ...args], { cwd: root, stdio: 'inherit' });
}
rmSync(folder, { recursive: true });
