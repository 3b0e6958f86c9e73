#!/usr/bin/env node
import { run, type Wiring } from './cli/program.ts';
import { TelltaleError } from './errors.ts';

/** Parts are imported when a command needs them: `telltale --help` must not load a model runtime. */
const wiring: Wiring = {
  get registries() {
    return absent('the metric registry');
  },
  checks: [],
  openTopicAdmin: async () => absent('the log'),
  createBaselineBuilder: () => absent('the baseline builder'),
  measureImages: async (input, column) => {
    const { decodeImages, newMeasures } = await import('./score/images.ts');
    const rows = column.state.length;
    const measures = newMeasures(input, rows);
    await decodeImages(column, 0, rows, [], measures);
    return measures;
  },
  readTopic: () => absent('the log'),
  createRequestDecoder: () => absent('the decoder'),
};

function absent(part: string): never {
  throw new TelltaleError('usage', `this build comes without ${part}`);
}

// A reader that has seen enough (`telltale ... | head`) is no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

process.exitCode = await run(process.argv.slice(2), process, wiring);
