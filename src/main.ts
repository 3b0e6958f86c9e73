#!/usr/bin/env node
import { run } from './cli/program.ts';
import { wiring } from './cli/wiring.ts';

// A reader that has seen enough (`telltale ... | head`) is no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

process.exitCode = await run(process.argv.slice(2), process, wiring);
