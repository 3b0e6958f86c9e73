import { describe, expect, it } from 'vitest';
import { readDaemon } from '../../src/config/daemon.ts';
import { categoryHasher } from '../../src/config/privacy.ts';
import { redact, secretFilter } from '../../src/config/redact.ts';
import { formatProblem } from '../../src/config/types.ts';
import { contextOf, good, knownFiles, problemsOf, specOf } from './support.ts';

const SECRET = 'a secret of 0123456789';
const hash = categoryHasher(SECRET);
const context = (privacySecret: string | null) => ({ ...contextOf(knownFiles), privacySecret });
/** Without the baseline, which is of the channels as they are. */
const text = good
  .replace('channel: { type: categorical,', 'channel: { type: categorical, sensitive: true,')
  .replace('amount: { type: numeric,', 'amount: { type: numeric, sensitive: true,')
  .replace('baseline: baseline.json\n', '');

describe('privacy', () => {
  const read = (privacy: string) => {
    const { config, source } = readDaemon(
      `privacy: ${privacy}\n`,
      'telltale.yaml',
      contextOf({ '/services/k': `${SECRET}\n` }),
    );
    return { config, problems: source.problems.map(formatProblem).join('\n') };
  };

  it('has a key, from a file too, that is shown nowhere', () => {
    expect(read(`{ key: ${SECRET} }`).config?.privacy).toEqual({ secret: SECRET });
    const { config } = read('{ key_file: k }');
    expect(config?.privacy).toEqual({ secret: SECRET });
    expect(JSON.stringify(redact(config))).not.toContain(SECRET);
    expect(secretFilter(config)(`it is ${SECRET}`)).toBe('it is ***');
  });

  it.each([
    ['{}', 'missing key or key_file'],
    ['{ key: hush }', 'privacy.key: shorter than 16 letters'],
    ['{ key_file: none }', 'no such file'],
    ['{ keys: hush-hush-hush-hush }', "unknown key 'keys'"],
    ['hush-hush-hush-hush', 'privacy'],
  ])('%s is refused, and not quoted', (privacy, message) => {
    expect(read(privacy).problems).toContain(message);
    expect(read(privacy).problems).not.toContain('hush');
  });
});

describe('inputs.NAME.sensitive', () => {
  it('needs a key, and says how to make one', () => {
    expect(problemsOf(text, context(null))).toMatchObject([
      { key: 'inputs.amount.sensitive', message: expect.stringMatching(/privacy.key.*openssl/) },
      { key: 'inputs.channel.sensitive' },
    ]);
    expect(problemsOf(text, context(SECRET))).toEqual([]);
  });

  it('makes hashes of declared categories; the model still reads what comes', () => {
    const spec = specOf(text, context(SECRET));
    const channel = spec.inputs.find(({ name }) => name === 'channel');
    expect(channel).toMatchObject({ sensitive: true, categories: [hash('cash'), hash('card')] });
    expect(JSON.stringify(spec.models)).toContain('cash');
  });

  it('changes nothing without the word', () => {
    const spec = specOf(good);
    expect(specOf(good, context(SECRET))).toEqual(spec);
    expect(spec.inputs[0]).not.toHaveProperty('sensitive');
  });

  const ruleOn = (rule: string) => text.replace('subject: amount', rule);

  it('rules may name a category or its hash', () => {
    const segmentOf = (category: string) =>
      specOf(
        ruleOn(`subject: amount\\n    segment: channel=${category}`.replace('\\n', '\n')),
        context(SECRET),
      ).rules[0]!.segment;
    expect(segmentOf('card')).toBe(`channel=${hash('card')}`);
    expect(segmentOf(hash('card'))).toBe(`channel=${hash('card')}`);
  });

  it('has no ends: they would be the value of one request', () => {
    const changed = text.replace('metric: psi', 'metric: max');
    const found = context(SECRET);
    const registries = {
      ...found.registries,
      metrics: new Map([
        ...found.registries.metrics,
        ['max', { family: 'input', subjects: 'numeric_track' as const }],
      ]),
    };
    expect(problemsOf(changed, { ...found, registries })).toMatchObject([
      { key: 'rules[0].metric', message: expect.stringContaining('take a quantile') },
    ]);
  });
});
