import { describe, expect, it } from 'vitest';
import { formatProblem } from '../../src/config/types.ts';
import { textOfState } from '../../src/profile/baseline/states.ts';
import { createCategorical } from '../../src/profile/categorical.ts';
import { createConfusion } from '../../src/profile/confusion.ts';
import { bucketsOf } from '../../src/profile/sketch.ts';
import type { Baseline, BaselinePart } from '../../src/records.ts';
import { numbers, scoresOf, service } from '../metric/support.ts';
import { baseline, contextOf, good, knownFiles, problemsOf, specOf } from './support.ts';

const amounts = numbers([1, 2, 3, 4], service(), 'amount');
const classes = (...known: string[]) =>
  textOfState({ kind: 'categorical', state: createCategorical({ known, categoriesMax: 9 }) });
const table = (size: number) => textOfState({ kind: 'confusion', state: createConfusion(size) });
const scores = textOfState(scoresOf([[0.9, 1]]));
const part: BaselinePart = { n: 4, states: { 'input//amount': textOfState(amounts) } };

/** A file of the second format, whose numbers have their sketch in the state. */
const second = (change: Partial<Baseline> = {}): Baseline => {
  const { sketch: _, ...amount } = baseline.tracks.amount as { sketch: unknown };
  return {
    ...baseline,
    format: 'telltale-baseline/2',
    tracks: { ...baseline.tracks, amount: amount as Baseline['tracks'][string] },
    states: { ...part.states, 'scores/mlp/fraud': scores, 'class/mlp/fraud': classes('fraud', 'legit') },
    ...change,
  };
};

const filesWith = (file: unknown) =>
  contextOf({ ...knownFiles, '/services/baseline.json': JSON.stringify(file) });
const told = (file: unknown, yaml = good): string[] => problemsOf(yaml, filesWith(file)).map(formatProblem);
const withLine = (line: string): string => good.replace('baseline: baseline.json', line);

describe('a baseline file of the second format', () => {
  it('is read, with the sketch of numbers from their state', () => {
    const spec = specOf(good, filesWith(second({ segments: { 'channel=card': part } })));
    if (amounts.kind !== 'numeric') throw new Error('numeric');
    expect(spec.baseline!.tracks.amount).toMatchObject({ sketch: bucketsOf(amounts.state.sketch), n: 4 });
    expect(spec.baseline!.states!['scores/mlp/fraud']).toBe(scores);
    expect(spec.baseline!.segments).toEqual({ 'channel=card': part });
  });

  const bytes = Buffer.from(scores, 'base64');
  it.each<[string, Partial<Baseline>, RegExp]>([
    [
      'no base64',
      { states: { ...part.states, 'scores/mlp/fraud': '??' } },
      /states\["scores\/mlp\/fraud"\]: .*base64/,
    ],
    [
      'an unknown kind',
      { states: { ...part.states, 'scores/mlp/fraud': Buffer.from('\u0005table').toString('base64') } },
      /states\["scores\/mlp\/fraud"\]: .*kind table is known.*build it again/,
    ],
    [
      'a state that is cut off',
      { states: { ...part.states, 'scores/mlp/fraud': bytes.subarray(0, -3).toString('base64') } },
      /no readable state at states\["scores\/mlp\/fraud"\]/,
    ],
    [
      'an unknown role',
      { states: { ...part.states, 'score5/mlp/fraud': scores } },
      /known role, as in input\/\/amount/,
    ],
    [
      'a broken state of a segment',
      { segments: { 'channel=card': { n: 1, states: { 'input//amount': '' } } } },
      /at segments\["channel=card"\]\.states\["input\/\/amount"\]/,
    ],
    ['neither sketch nor state', { states: {} }, /tracks\.amount has neither a sketch nor a state/],
    [
      'counts that were edited',
      { tracks: { ...second().tracks, amount: { ...second().tracks.amount!, n: 5 } } },
      /has 5 values and its state 4; was it edited/,
    ],
    [
      'another service',
      { service: 'credit' },
      /is of the service 'credit', this is 'fraud'; name its own file/,
    ],
    [
      'a model that is gone',
      { states: { ...part.states, 'scores/mpl/fraud': scores } },
      /of the model 'mpl'; the service has mlp; build it again/,
    ],
    [
      'an output that is gone',
      { states: { ...part.states, 'scores/mlp/risk': scores } },
      /of the output 'risk'; the service has fraud/,
    ],
    [
      'a part of an output that is gone',
      { states: { ...part.states, 'performance/mlp/risk#abs': scores } },
      /of the output 'risk'/,
    ],
    [
      'other classes',
      { states: { ...part.states, 'class/mlp/fraud': classes('legit', 'scam') } },
      /of the classes legit, scam; the output has legit, fraud/,
    ],
    [
      'more classes',
      { states: { ...part.states, 'performance/mlp/fraud': table(3) } },
      /of 3 classes; the output has 2/,
    ],
    [
      'a segment that does not exist',
      { segments: { 'country=de': part } },
      /the segment 'country=de', but the service has segments by channel/,
    ],
    [
      'too large',
      { states: { ...part.states, 'scores/mlp/fraud': 'A'.repeat(700_000) } },
      /has \d+ bytes, allowed: 700000; build it without/,
    ],
    [
      'categories that are new',
      {
        tracks: {
          ...second().tracks,
          channel: { type: 'categorical', n: 1, missing: 0, invalid: 0, counts: { cash: 1 } },
        },
      },
      /built before 'channel' had the categories card/,
    ],
    [
      'categories that are gone',
      {
        tracks: {
          ...second().tracks,
          channel: {
            type: 'categorical',
            n: 1,
            missing: 0,
            invalid: 0,
            counts: { cash: 1, card: 0, cheque: 0 },
          },
        },
      },
      /built when 'channel' had the categories cheque, which are not declared/,
    ],
  ])('is refused with %s', (_what, change, message) => {
    const problems = told(second(change));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^fraud\.yaml:25:1 {2}baseline: 'baseline\.json' /);
    expect(problems[0]).toMatch(message);
  });

  it('may hold categories of its rows that are not declared, and tracks of inputs that are gone', () => {
    const channel = {
      type: 'categorical',
      n: 3,
      missing: 0,
      invalid: 0,
      counts: { cash: 1, card: 0, cheque: 2 },
    };
    expect(told({ ...second(), tracks: { ...second().tracks, channel, old: channel } })).toEqual([]);
  });

  it('is refused as a whole where states cannot be read at all', () => {
    const context = filesWith(second());
    const { readState: _, ...registries } = context.registries;
    expect(problemsOf(good, { ...context, registries }).length).toBeGreaterThan(0);
  });
});

describe('a baseline by the hour', () => {
  const seasonal = second({ season: { of: 'hour_of_day', parts: { '23': part } } });
  const mapping = (more: string) => withLine(`baseline: { file: baseline.json${more} }`);

  it('needs the same season in the service', () => {
    const spec = specOf(mapping(', season: hour_of_day'), filesWith(seasonal));
    expect([spec.season, spec.learn]).toEqual(['hour_of_day', undefined]);
    expect(told(seasonal)[0]).toMatch(
      /25:1 {2}baseline: the file is seasonal; write baseline: .*hour_of_day/,
    );
    expect(told(seasonal, mapping(''))[0]).toMatch(/25:13 {2}baseline\.file: the file is seasonal/);
    expect(told(second(), mapping(', season: hour_of_week'))[0]).toMatch(
      /25:34 {2}baseline\.season: found hour_of_week, but the file is not seasonal.*--season hour_of_week/,
    );
    expect(told(seasonal, mapping(', season: hour_of_week'))[0]).toMatch(/but the file is hour_of_day/);
  });

  it('has no more hours than there are', () => {
    const file = second({ season: { of: 'hour_of_day', parts: { '24': part } } });
    expect(told(file, mapping(', season: hour_of_day'))[0]).toMatch(/has a part 24 of season hour_of_day/);
  });

  it('is not for windows longer than the cycle', () => {
    const yaml = mapping(', season: hour_of_day').replace('size: 1m', 'size: 2d');
    expect(told(seasonal, yaml)[0]).toMatch(/baseline\.season: windows of 172800000 ms are longer/);
  });
});

describe('learned references', () => {
  it('have defaults', () => {
    expect(specOf(withLine('baseline: { learn: { first: 24 } }'))).toMatchObject({
      baseline: null,
      learn: { kind: 'first', windows: 24, sinceMs: null, bytesMax: 33_554_432 },
    });
    const line =
      "baseline: { file: baseline.json, learn: { rolling: 168, lag: 3, since: '2026-01-01T02:00+02:00', bytes_max: 100000 } }";
    expect(specOf(withLine(line))).toMatchObject({
      baseline: { n: 4 },
      learn: {
        kind: 'rolling',
        windows: 168,
        lagWindows: 3,
        sinceMs: Date.UTC(2026, 0, 1),
        bytesMax: 100_000,
      },
    });
  });

  it('stand in for tracks that the file does not have', () => {
    const { amount: _, ...tracks } = baseline.tracks;
    expect(told({ ...baseline, tracks })).toHaveLength(1);
    const yaml = withLine('baseline: { file: baseline.json, learn: { first: 24 } }');
    expect(told({ ...baseline, tracks }, yaml)).toEqual([]);
  });

  it.each([
    ['{ learn: { first: 24, rolling: 3 } }', 'baseline.learn', 'either first: N or rolling: N'],
    ['{ learn: {} }', 'baseline.learn', 'either first: N or rolling: N'],
    ['{ season: hour_of_day }', 'baseline', 'a mapping with file or learn'],
    ['{ learn: { first: 24, lag: 2 } }', 'baseline.learn.lag', 'lag belongs to rolling'],
    ['{ learn: { first: 0 } }', 'baseline.learn.first', '>= 1'],
    ['{ learn: { frist: 3 } }', 'baseline.learn.frist', "did you mean 'first'?"],
    [
      '{ learn: { first: 3, since: yesterday } }',
      'baseline.learn.since',
      'a time such as 2026-01-31T08:00:00Z',
    ],
    ['{ learn: { first: 3 }, season: hour_of_weak }', 'baseline.season', "did you mean 'hour_of_week'?"],
    ['{ fil: x.json }', 'baseline.fil', "did you mean 'file'?"],
    ['3', 'baseline', 'found 3'],
  ])('%s is refused', (line, key, message) => {
    const problems = problemsOf(withLine(`baseline: ${line}`));
    expect(problems.map(formatProblem).join('\n')).toContain(message);
    expect(problems.some((problem) => problem.key === key)).toBe(true);
    expect(problems.every((problem) => problem.line === 25)).toBe(true);
  });
});
