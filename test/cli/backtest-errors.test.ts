import { describe, expect, test } from 'vitest';
import { at, backtest, daemon, HIGH, serviceOf, sides } from './backtest-support.ts';

describe('what cannot be read is an error with its cure, and exit code 2', () => {
  const good = `- { service: pump, from: ${at(0)}, to: ${at(1)}, what: it }\n`;
  const files = {
    ...sides([HIGH], [HIGH]),
    'old/services/gone.yaml': serviceOf([HIGH], { name: 'gone' }),
    'bad/telltale.yaml': daemon,
    'bad/services/pump.yaml': serviceOf([HIGH.replace('mean', 'meen')]),
    'one.yaml': serviceOf([HIGH.replace('warning', 'warnin')]),
    'empty/x.txt': '',
    'none.csv': 'id,time,x\n',
    'broken.ndjson': `{"id":"a","time":"${at(0)}","x":1}\n{`,
    'good.yaml': good,
    'name.yaml': `${good}- { service: pumb, from: ${at(0)}, what: it }\n`,
    'time.yaml': `- service: pump\n  from: noon\n  what: it\n`,
    'order.yaml': `- { service: pump, from: ${at(9)}, to: ${at(1)}, what: it }\n`,
    'key.yaml': `- { service: pump, form: ${at(0)}, what: it }\n`,
    'map.yaml': 'service: pump\n',
    'syntax.yaml': '- { service: pump\n',
    'void.yaml': '',
  };
  const incidents = (name: string): string[] => ['--incidents', `DIR/${name}.yaml`];

  test.each<[string, { args?: string[]; candidate?: string; from?: string[] }, RegExp]>([
    [
      'no candidate',
      { candidate: 'DIR/nowhere' },
      /error\[candidate_missing\] --candidate: cannot read .*nowhere.telltale\.yaml/,
    ],
    [
      'a folder without telltale.yaml',
      { candidate: 'DIR/empty' },
      /error\[candidate_missing\].*\n.*--candidate/,
    ],
    [
      'no file of a candidate',
      { candidate: 'DIR/no.yaml' },
      /error\[candidate_missing\] --candidate: cannot read .*no\.yaml/,
    ],
    [
      'a fault in the candidate',
      { candidate: 'DIR/bad' },
      /bad\/services\/pump\.yaml:5:\d+ {2}rules\[0\]\.metric.*'meen'/,
    ],
    [
      'a fault in its only file',
      { candidate: 'DIR/one.yaml' },
      /one\.yaml:5:\d+ .*unknown key 'warnin'.*did you mean 'warning'/,
    ],
    ['a file that is missing', { from: ['DIR/no.csv'] }, /error\[file_unreadable\].*no\.csv/],
    ['a broken line', { from: ['DIR/broken.ndjson'] }, /error\[input_unreadable\].*broken\.ndjson: line 2/],
    [
      'a file without records',
      { from: ['DIR/none.csv'] },
      /error\[input_unreadable\].*none\.csv: no records/,
    ],
    ['an unknown service', { args: ['--service', 'pumb'] }, /no service 'pumb'.*did you mean 'pump'/],
    [
      'a service of one side',
      { args: ['--service', 'gone'] },
      /only the current configuration has service 'gone'/,
    ],
    [
      'files of one side',
      { from: ['gone/requests=DIR/x.csv'] },
      /only the current configuration has service 'gone'/,
    ],
    ['a stream of neither side', { from: ['labels=DIR/x.csv'] }, /no stream 'labels'; it has requests/],
    [
      'two services at once',
      { from: ['pump/requests=DIR/x.csv'], args: ['--service', 'gone'] },
      /of another service than --service gone/,
    ],
    ['no incidents', { args: incidents('no') }, /error\[file_unreadable\] cannot read .*no\.yaml/],
    [
      'an incident of an unknown service',
      { args: incidents('name') },
      /name\.yaml:2:5 {2}\[1\]\.service: .*'pumb'.*did you mean 'pump'/,
    ],
    [
      'an incident at no time',
      { args: incidents('time') },
      /time\.yaml:2:3 {2}\[0\]\.from: found 'noon', allowed: a time such as/,
    ],
    [
      'an incident that ends too early',
      { args: incidents('order') },
      /order\.yaml:1:\d+ {2}\[0\]\.to: it ends before it begins/,
    ],
    [
      'an unknown key',
      { args: incidents('key') },
      /key\.yaml:1:\d+ .*unknown key 'form'.*did you mean 'from'/,
    ],
    [
      'no list',
      { args: incidents('map') },
      /map\.yaml:1:1 .*allowed: a list of \{ service, from, to, what \}/,
    ],
    ['no YAML', { args: incidents('syntax') }, /syntax\.yaml:\d:\d+ .*not readable as YAML/],
    ['an empty file', { args: incidents('void') }, /void\.yaml:1:1 .*allowed: a list of/],
    [
      '--fail-on without incidents',
      { args: ['--fail-on', 'worse'] },
      /error\[usage\] --fail-on worse needs --incidents/,
    ],
    [
      'a bad slack',
      { args: [...incidents('good'), '--slack', 'long'] },
      /It must be a duration such as 0s, 30m or 1h/,
    ],
  ])('%s', async (_, { args = [], ...more }, message) => {
    const { code, err, out } = await backtest(files, args, more);
    expect(err).toMatch(message);
    expect(err).toContain('help: ');
    expect([code, out]).toEqual([2, '']);
  });

  test('the faults of both sides are said at once, and one that both share once', async () => {
    const broken = { ...files, 'old/services/pump.yaml': serviceOf([HIGH.replace('> 100', 'over 100')]) };
    const { err, code } = await backtest(broken, [], { candidate: 'DIR/bad' });
    expect(code).toBe(2);
    expect(err).toMatch(/bad\/services.*meen[\s\S]*old\/services.*over 100/);
    const { err: shared } = await backtest(broken, [], { candidate: 'DIR/old' });
    expect(shared.match(/over 100/g)).toHaveLength(1);
  });

  test('nothing on both sides', async () => {
    const apart = { ...files, 'new/services/pump.yaml': serviceOf([HIGH], { name: 'fan' }) };
    const { err, code } = await backtest(apart);
    expect(code).toBe(2);
    expect(err).toContain('no service is on both sides: the current one has gone, pump, the candidate fan');
  });
});
