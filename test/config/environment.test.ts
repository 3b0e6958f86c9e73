import { describe, expect, it } from 'vitest';
import { contextOf, problemsOf, specOf } from './support.ts';

describe('environment variables', () => {
  const text = [
    'service: s',
    'streams:',
    '  requests: { topic: "$' + '{TOPIC}" }',
    '  feedback:',
    '    topic: $' + '{OTHER:-f}',
    "    kind: '$$" + "{kind}'",
    'limits:',
    '  segments_max: $' + '{SEGMENTS:-7}',
  ].join('\n');

  it('expand in texts, with defaults, and become numbers where a number is wanted', () => {
    const spec = specOf(text, contextOf({}, { TOPIC: 'a.b', SEGMENTS: '9' }));
    expect(spec.streams.map(({ topic }) => topic)).toEqual(['a.b', 'f']);
    expect(spec.streams[1]!.kind).toBe('$' + '{kind}');
    expect(spec.limits.segmentsMax).toBe(9);
    expect(specOf(text, contextOf({}, { TOPIC: 'a', SEGMENTS: '' })).limits.segmentsMax).toBe(7);
  });

  it('are an error with line where they are not set', () => {
    expect(problemsOf(text, contextOf())).toMatchObject([
      { line: 3, key: 'streams.requests.topic', message: expect.stringContaining('TOPIC is not set') },
    ]);
  });

  it('do not show their value in an error', () => {
    const problems = problemsOf(text, contextOf({}, { TOPIC: 'hush hush', SEGMENTS: 'many' }));
    expect(problems.map(({ line, message }) => [line, message])).toEqual([
      [3, "found '$" + "{TOPIC}', allowed: a topic of at most 249 letters, digits, dots, - and _"],
      [8, "found '$" + "{SEGMENTS:-7}', allowed: a number"],
    ]);
  });

  it('need quotes between braces, and the error says so', () => {
    const [problem] = problemsOf('service: s\nstreams: { requests: { topic: $' + '{TOPIC} } }\n');
    expect(problem).toMatchObject({ line: 2, message: expect.stringContaining('needs quotes here') });
  });
});

describe('files of secrets', () => {
  const FILES = { '/services/topic': 'a.b\n', '/services/empty': '\n' };
  const topicOf = (path: string) => `service: s\nstreams:\n  requests: { topic: "\${file:${path}}" }\n`;

  it('are put in without the line break at their end, wherever variables are', () => {
    expect(specOf(topicOf('topic'), contextOf(FILES)).streams[0]!.topic).toBe('a.b');
  });

  it('are an error with line, file and cure where they cannot be read', () => {
    const problems = ['none', 'empty'].flatMap((path) => problemsOf(topicOf(path), contextOf(FILES)));
    expect(problems).toMatchObject([
      { line: 3, message: 'the file none cannot be read; create it, and let the user of the daemon read it' },
      { line: 3, message: 'the file empty is empty; write the value into it' },
    ]);
  });

  it('do not show their content in an error', () => {
    const [problem] = problemsOf(topicOf('topic'), contextOf({ '/services/topic': 'hush hush' }));
    expect(problem?.message).toMatch(/^found '\$\{file:topic\}', allowed: a topic/);
  });
});
