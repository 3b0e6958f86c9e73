import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { printTable } from '../../src/cli/output.ts';
import { progress } from '../../src/cli/progress.ts';
import { drain } from './support.ts';

describe('printTable', () => {
  it('sets columns side by side, numbers to the right', async () => {
    const stream = new PassThrough();
    printTable(
      stream,
      ['NAME', 'N'],
      [
        ['a', 5],
        ['longer', 1234],
      ],
    );
    stream.end();
    expect(String(await drain(stream))).toBe('NAME    N\na          5\nlonger  1234\n');
  });
});

describe('progress', () => {
  it('is silent where there is no terminal', async () => {
    const stream = new PassThrough();
    const bar = progress(10, 'x', stream);
    bar.update(5, 5);
    bar.stop();
    stream.end();
    expect(String(await drain(stream))).toBe('');
  });

  it.each([[10], [null], [0]])('shows label and count on a terminal, total %j', async (total) => {
    const stream = Object.assign(new PassThrough(), {
      isTTY: true,
      columns: 80,
      cursorTo: () => true,
      clearLine: () => true,
    });
    const bar = progress(total, 'baseline a', stream, 'records');
    bar.update(10, 1234);
    bar.stop();
    stream.end();
    const text = String(await drain(stream));
    expect(text).toContain('baseline a');
    expect(text).toContain('1234 records');
    if (total === 10) expect(text).toContain('100%');
    if (total === null) expect(text).not.toContain('%');
  });
});
