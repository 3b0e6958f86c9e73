/**
 * Before any test: `dist/` is what `src/` says, since the tests of the command line run the built program.
 * `TELLTALE_BUILT=1` says that somebody else has just built it. Type errors do not end the run: `npm test`
 * has checked the types before, and a single test may be tried while another file is half written.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

export default function setup(): void {
  if (process.env.TELLTALE_BUILT === '1') return;
  const run = spawnSync('npx', ['tsc', '-p', 'tsconfig.build.json'], { cwd: ROOT, encoding: 'utf8' });
  if (run.error) throw run.error;
  if (run.status !== 0) process.stderr.write('dist/ is built from a src/ with type errors: npm run types\n');
}
