import { expect, test } from 'vitest';
import { createLogger, prettyLine } from '../../src/telemetry/logger.ts';

function collect() {
  const lines: string[] = [];
  return { lines, stream: { write: (line: string) => lines.push(line) } };
}

test('JSON lines at and above the level, with secrets taken out at every place', () => {
  const { lines, stream } = collect();
  const log = createLogger({ level: 'info', stream });
  log.debug('not seen');
  log.info(
    { password: 'p1', kafka: { sasl: 'p2' }, sinks: { influx: { token: 'p3' } }, user: 'ann' },
    'hello',
  );
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0]!)).toMatchObject({ level: 30, msg: 'hello', user: 'ann' });
  expect(lines[0]).not.toMatch(/p1|p2|p3/);
});

test('a line goes through the filter of secrets before it is written, for machines and for people', () => {
  for (const pretty of [false, true]) {
    const { lines, stream } = collect();
    const hide = (line: string) => line.replaceAll('hush', '***');
    const log = createLogger({ level: 'info', stream, pretty, hide });
    log.info({ cause: 'said hush' }, 'no hush');
    expect(lines[0]).toContain('no ***');
    expect(lines[0]).toContain('said ***');
  }
});

test('for people: one line with time, level, message and fields; an error brings its stack', () => {
  const { lines, stream } = collect();
  const log = createLogger({ level: 'info', stream, pretty: true });
  log.warn({ topic: 'fraud.requests', n: 3, text: 'two words' }, 'lag grows');
  expect(lines[0]).toMatch(
    /^\d\d:\d\d:\d\d\.\d{3} WARN {2}lag grows topic=fraud.requests n=3 text="two words"\n$/,
  );
  log.error({ err: new Error('broken') }, 'write failed');
  const [head, second] = lines[1]!.split('\n');
  expect(head).toMatch(/ERROR write failed error=broken$/);
  expect(second).toMatch(/^ {4}at /);
});

test('a terminal gets lines for people by itself', () => {
  const { lines, stream } = collect();
  createLogger({ level: 'info', stream: { ...stream, isTTY: true } }).info('hello');
  expect(lines[0]).toMatch(/INFO {2}hello\n$/);
});

test('data cannot steer the terminal, and what is no JSON is left alone', () => {
  const line = JSON.stringify({
    level: 30,
    time: '2026-03-01T00:00:00.000Z',
    msg: 'a\u001b[31mb\nc',
    k: '\u001b]0;x',
  });
  const shown = prettyLine(line).slice(0, -1);
  expect(/\p{Cc}/u.test(shown)).toBe(false);
  expect(prettyLine('plain\n')).toBe('plain\n');
});
