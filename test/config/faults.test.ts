import { describe, expect, it } from 'vitest';
import { formatProblem } from '../../src/config/types.ts';
import { baseline, contextOf, good, knownFiles, problemsOf } from './support.ts';

/** What to replace, what to put there (the faulty line is the one marked #!), the key and the message. */
const faults: [string, string, string, string][] = [
  ['service: fraud', 'service: Fraud! #!', 'service', "found 'Fraud!', allowed: a name of a-z, 0-9 and -"],
  ['service: fraud', 'service: #!', 'service', 'missing, allowed: text'],
  ['windows: {', 'windws: { #!\n ', 'windws', "unknown key 'windws', allowed: service, "],
  ['windows: {', 'windws: { #!\n ', 'windws', "did you mean 'windows'?"],
  ['topic: fraud.requests', 'topic: fraud requests #!', 'streams.requests.topic', 'allowed: a topic'],
  [
    'topic: fraud.requests',
    'topic: fraud.labels',
    'streams.labels.topic',
    'already used by streams.requests',
  ],
  ['encoding: json', 'encoding: jsn #!', 'streams.requests.encoding', "did you mean 'json'?"],
  ['encoding: json', 'encoding: otlp_json #!', 'streams.requests.encoding', 'allowed: json, avro, avro_file'],
  [
    '{ topic: fraud.labels }',
    '{ topic: fraud.labels, encoding: kserve } #!',
    'streams.labels.encoding',
    'allowed: json, avro, avro_file',
  ],
  [
    'encoding: json',
    'encoding: seldon\n    schema_file: query.avsc #!',
    'streams.requests.schema_file',
    'here it is seldon',
  ],
  ['encoding: json', 'encoding: kservee #!', 'streams.requests.encoding', "did you mean 'kserve'?"],
  ['encoding: json', 'encoding: json\n    encoding: avro #!', '', "the key 'encoding' occurs twice"],
  [
    'encoding: json',
    'schema_file: query.avsc #!',
    'streams.requests.schema_file',
    'with the encodings avro and avro_file',
  ],
  [
    'encoding: json',
    'encoding: avro\n    schema_file: no.avsc #!',
    'streams.requests.schema_file',
    "no such file: 'no.avsc'",
  ],
  [
    'redo: again }',
    'redo: open } #!',
    'streams.feedback.kinds.redo',
    "'open' already stands for the kind click",
  ],
  ['redo: again }', 'reddo: x } #!', 'streams.feedback.kinds.reddo', "did you mean 'redo'?"],
  [
    '{ topic: fraud.labels }',
    '{ topic: l, fields: { frad: x } } #!',
    'streams.labels.fields.frad',
    "did you mean 'fraud'?",
  ],
  [
    'range: [0, 10]',
    'range: [10, 10]',
    'inputs.amount.range',
    'found [10, 10], allowed: [low, high] with low < high',
  ],
  ['range: [0, 10]', 'range: [0]', 'inputs.amount.range', 'allowed: a list of >= 2 entries'],
  [
    'range: [0, 10]',
    'rnge: [0, 10]',
    'inputs.amount.rnge',
    "allowed: type, from, sensitive, range; did you mean 'range'?",
  ],
  [
    '{ type: text }',
    '{ type: txt } #!',
    'inputs.query.type',
    "allowed: numeric, categorical, text, image, embedding; did you mean 'text'?",
  ],
  ['{ type: text }', '{ type: embedding } #!', 'inputs.query.dimensions', 'missing'],
  ['{ type: text }', '{ type: embedding, dimensions: 5000 } #!', 'inputs.query.dimensions', '4096'],
  ['{ type: text }', '{ from: x } #!', 'inputs.query.type', 'missing, allowed: numeric, categorical'],
  [
    'query: { type: text }',
    '1st: { type: text } #!',
    'inputs.1st',
    "found the name '1st', allowed: a name of letters",
  ],
  [
    '[cash, card] }\n  query',
    '[cash, cash] } #!\n  query',
    'inputs.channel.categories',
    'a list without repeats',
  ],
  [
    'positive: fraud',
    'positive: frud',
    'outputs.fraud.positive',
    "allowed: legit, fraud; did you mean 'fraud'?",
  ],
  ['positive: fraud', 'threshold: 1.5', 'outputs.fraud.threshold', 'found 1.5, allowed: <= 1'],
  ['role: primary', 'role: shadow', 'models', 'no model has the role primary'],
  ['file: mlp.onnx', 'file: gone.onnx #!', 'models[0].file', "no such file: 'gone.onnx'"],
  [
    'X: [amount,',
    'X: [amont, #!\n       ',
    'models[0].inputs.X[0]',
    "found the input 'amont', allowed: amount; did you mean",
  ],
  ['X: [amount,', 'X: [channel, #!\n       ', 'models[0].inputs.X[0]', 'needs one_hot or ordinal'],
  [
    '{ input: channel, one',
    '{ input: query, one',
    'models[0].inputs.X[1].input',
    'is text, here stands one that is categorical',
  ],
  [
    '{ probabilities: p }',
    '{ probabilities: p, value: v } #!',
    'models[0].outputs.fraud.value',
    "'value' does not fit a classifier",
  ],
  [
    '{ probabilities: p }',
    '{} #!',
    'models[0].outputs.fraud.probabilities',
    'missing; a classifier is bound with',
  ],
  [
    'fraud: { probabilities: p }',
    'fruad: { probabilities: p } #!',
    'models[0].outputs.fruad',
    "did you mean 'fraud'?",
  ],
  [
    'segments: [[channel]]',
    'segments: [[chanel]] #!',
    'segments[0][0]',
    "found the input 'chanel', allowed: channel",
  ],
  [
    'segments: [[channel]]',
    'segments: [[amount]] #!',
    'segments[0][0]',
    "'amount' is numeric, allowed: categorical",
  ],
  ['segments: [[channel]]', 'segments: [[channel], [channel]] #!', 'segments[1]', 'the same as segments[0]'],
  [
    'segments: [[channel]]',
    'segments: [[a, b, c]] #!',
    'segments[0]',
    'allowed: a list of one or two inputs',
  ],
  ['baseline: baseline.json', 'baseline: gone.json #!', 'baseline', "no such file: 'gone.json'"],
  [
    'baseline: baseline.json',
    'baseline: other.json #!',
    'baseline',
    "has no track 'amount', 'channel', 'query.length'; it has age; build it again",
  ],
  [
    'baseline: baseline.json',
    'baseline: swapped.json #!',
    'baseline',
    "has 'amount' as categorical, but the input is numeric",
  ],
  ['baseline: baseline.json', 'baseline: query.avsc #!', 'baseline', 'is not JSON'],
  ['baseline: baseline.json', 'baseline: old.json #!', 'baseline', 'is not a baseline: format'],
  [
    '{ size: 1m }',
    '{ size: 1m, hop: 7s } #!',
    'windows.hop',
    'the size of 60000 ms is not a multiple of the hop of 7000 ms',
  ],
  ['{ size: 1m }', '{ size: 1 min } #!', 'windows.size', "found '1 min', allowed: a duration such as 250ms"],
  ['{ size: 1m }', '{ size: 0s } #!', 'windows.size', 'a duration longer than 0'],
  ['metric: psi', 'metric: pssi #!', 'rules[0].metric', "found 'pssi', allowed: psi, mean, "],
  [
    'subject: amount',
    'subject: query #!',
    'rules[0].subject',
    "found 'query', allowed: *, amount, channel, query.length",
  ],
  ['metric: psi', 'metric: new_categories\n    model: m #!', 'rules[0].model', "found 'm', allowed: *, mlp"],
  [
    'subject: amount',
    'segment: channel=bank #!',
    'rules[0].segment',
    "found the category 'bank' of channel, allowed: cash, card",
  ],
  ['subject: amount', 'segment: amount=1 #!', 'rules[0].segment', 'allowed: *, each, channel=VALUE'],
  [
    "critical: '> 0.25'",
    "critical: '> 0.05' #!",
    'rules[0].critical',
    "found '> 0.05', allowed: beyond the warning, > 0.1",
  ],
  ["critical: '> 0.25'", "critical: '< 0.25' #!", 'rules[0].critical', 'looks the other way'],
  [
    "critical: '> 0.25'",
    'critical: 0.25 #!',
    'rules[0].critical',
    "found 0.25, allowed: a comparison with a number, such as '> 0.25'",
  ],
  [
    "    warning: '> 0.1'\n    critical: '> 0.25'\n",
    '',
    'rules[0]',
    'at least one of info, warning and critical',
  ],
  [
    "warning: '> 0.1'",
    "info: '> 0.2'\n    warning: '> 0.1' #!",
    'rules[0].warning',
    "found '> 0.1', allowed: beyond the info, > 0.2",
  ],
  [
    "critical: '> 0.25'",
    "critical: '> 0.25'\n    reset: { critical: '< 0.3' } #!",
    'rules[0].reset.critical',
    "found '< 0.3', allowed for critical '> 0.25': < 0.25, or further away",
  ],
  [
    "critical: '> 0.25'",
    "critical: '> 0.25'\n    reset: { critical: '> 0.2' } #!",
    'rules[0].reset.critical',
    "found '> 0.2', allowed for critical '> 0.25': < 0.25, or further away",
  ],
  [
    "critical: '> 0.25'",
    "critical: '> 0.25'\n    reset: { info: '< 0.2' } #!",
    'rules[0].reset.info',
    'the rule has no info threshold that this could reset',
  ],
  [
    "critical: '> 0.25'",
    "critical: '> 0.25'\n    versus: { ago: 90s } #!",
    'rules[0].versus.ago',
    'a whole number of windows.hop is needed',
  ],
  [
    "critical: '> 0.25'",
    'critical: \'> 0.25\'\n    versus: { ago: 1h, segment: "*" } #!',
    'rules[0].versus',
    'found ago and segment, allowed: one of ago, segment and model',
  ],
  [
    "critical: '> 0.25'",
    'critical: \'> 0.25\'\n    versus: { segment: "*" } #!',
    'rules[0].versus.segment',
    'compare each segment with itself',
  ],
  [
    "critical: '> 0.25'",
    "critical: '> 0.25'\n    versus: { model: mpl } #!",
    'rules[0].versus.model',
    "found 'mpl', allowed: mlp",
  ],
  [
    "critical: '> 0.25'",
    'critical: \'> 0.25\'\n    burn: { objective: "< 0.01" }',
    'rules[0].warning',
    'warning does not go with burn',
  ],
  [
    "    metric: psi\n    subject: amount\n    warning: '> 0.1'\n    critical: '> 0.25'\n",
    '    metric: mean #!\n    subject: amount\n    burn: { objective: "< 0.01" }\n',
    'rules[0].metric',
    "found 'mean', but burn is for shares of rows",
  ],
  [
    "    metric: psi\n    subject: amount\n    warning: '> 0.1'\n    critical: '> 0.25'\n",
    '    metric: missing_rate\n    subject: amount\n    burn: { objective: "< 1" } #!\n',
    'rules[0].burn.objective',
    'found 1, allowed: a share between 0 and 1',
  ],
  [
    "    metric: psi\n    subject: amount\n    warning: '> 0.1'\n    critical: '> 0.25'\n",
    '    metric: missing_rate\n    subject: amount\n    burn: { objective: "< 0.1", rates: [{ budget: 2%, long: 5m, short: 10m }] } #!\n',
    'rules[0].burn.rates[0].short',
    'the short stretch is longer than the long one',
  ],
  [
    "    metric: psi\n    subject: amount\n    warning: '> 0.1'\n    critical: '> 0.25'\n",
    '    metric: missing_rate\n    subject: amount\n    burn: { objective: "< 0.1", rates: [{ budget: 2%, long: 6m }] } #!\n',
    'rules[0].burn.rates[0]',
    'holds no whole window',
  ],
  [
    "    metric: psi\n    subject: amount\n    warning: '> 0.1'\n    critical: '> 0.25'\n",
    '    metric: missing_rate\n    subject: amount\n    burn: { objective: "< 0.1", rates: [{ budget: 2, long: 1h }] } #!\n',
    'rules[0].burn.rates[0].budget',
    "found 2, allowed: a share in percent, such as '2%'",
  ],
  [
    'retrain:',
    '  - { name: both, when: { all: [drfit] } } #!\nretrain:',
    'rules[1].when.all[0]',
    "found the rule 'drfit', allowed: drift; did you mean 'drift'?",
  ],
  [
    'retrain:',
    '  - { name: both, when: { not: { any: [{ rule: dirft }] } } } #!\nretrain:',
    'rules[1].when.not.any[0].rule',
    "did you mean 'drift'?",
  ],
  [
    'retrain:',
    '  - { name: both, when: { any: [both] } } #!\nretrain:',
    'rules[1].when.any[0]',
    "the rule 'both' asks itself",
  ],
  [
    'retrain:',
    '  - { name: a, when: { any: [b, drift] } } #!\n  - { name: b, when: { not: a } }\nretrain:',
    'rules[1].when',
    'rules ask each other in a circle: a -> b -> a',
  ],
  [
    'retrain:',
    '  - { name: both, when: { all: [drift] }, metric: psi } #!\nretrain:',
    'rules[1].metric',
    'this one has a condition over other rules',
  ],
  [
    'retrain:',
    "  - { name: both, when: { all: [drift] }, warning: '> 1' } #!\nretrain:",
    'rules[1].warning',
    'warning goes with a metric',
  ],
  [
    'retrain:',
    '  - { name: both, when: drift } #!\nretrain:',
    'rules[1].when',
    "found 'drift', allowed: names of other rules, such as { all: [drift, { not: late }] }",
  ],
  ['retrain:', "  - { name: bare, warning: '> 1' } #!\nretrain:", 'rules[1].metric', 'missing, allowed: psi'],
  [
    "critical: '> 0.25'",
    "critical: '> 0.25'\n    drop: staircase #!",
    'rules[0].drop',
    'drop says what happens at a reset, and the rule has none',
  ],
  ["critical: '> 0.25'", "critical: '> 0.25'\n    hits: 5 of 3 #!", 'rules[0].hits', 'which can never be'],
  [
    "critical: '> 0.25'",
    "critical: '> 0.25'\n    hits: 3 #!",
    'rules[0].hits',
    "found 3, allowed: how many of the last windows, such as '3 of 5'",
  ],
  [
    "critical: '> 0.25'",
    "critical: '> 0.25'\n    flapping: { enter: 0.2 } #!",
    'rules[0].flapping.leave',
    'found 0.25, allowed: at most enter, 0.2',
  ],
  [
    "critical: '> 0.25'",
    "critical: '> 0.25'\n    no_data: { policy: alarm } #!",
    'rules[0].no_data',
    'policy alarm needs a for',
  ],
  [
    "critical: '> 0.25'",
    "critical: '> 0.25'\n    no_data: { policy: ok, for: 5m, level: info } #!",
    'rules[0].no_data.level',
    'a level goes with policy alarm',
  ],
  [
    "critical: '> 0.25'",
    "critical: '> 0.25'\n    no_data: { policy: keep, for: 5m } #!",
    'rules[0].no_data.for',
    'leave the for away',
  ],
  ["    critical: '> 0.25'\n", '', 'retrain.on[0]', "the rule 'drift' has no critical threshold"],
  [
    'on: [drift]',
    'on: [drift]\n  max: often #!',
    'retrain.max',
    "found 'often', allowed: requests in a time, such as '2 per 30d'",
  ],
  ['on: [drift]', 'on: [drift]\n  max: 2 per 0d #!', 'retrain.max', 'requests in a time'],
  [
    'on: [drift]',
    'on: [drit] #!',
    'retrain.on[0]',
    "found the rule 'drit', allowed: drift; did you mean 'drift'?",
  ],
  ['on: [drift]', 'on: [] #!', 'retrain.on', 'a list of >= 1 entries'],
  [
    'retrain:',
    'join: { max_delay: 30m, revise_after: [5m, 30m] } #!\nretrain:',
    'join.revise_after[1]',
    'not before join.max_delay',
  ],
  [
    'retrain:',
    'join: { max_delay: 30d } #!\nretrain:',
    'join.max_delay',
    'windows would wait for labels at once, limits.open_windows_max is',
  ],
  ['streams:\n', 'streams: {} #!\nx:\n', 'streams', 'at least one of requests, predictions'],
  ['    encoding: json', '\tencoding: json #!', '', 'a tab in the indentation, allowed: spaces'],
  ['segments: [[channel]]', 'segments: [[channel] #!', '', 'not readable as YAML'],
];

const moreFiles = {
  ...knownFiles,
  '/services/query.avsc': 'no json',
  '/services/other.json': JSON.stringify({ ...baseline, tracks: { age: baseline.tracks.amount } }),
  '/services/swapped.json': JSON.stringify({ ...baseline, tracks: { amount: baseline.tracks.channel } }),
  '/services/old.json': JSON.stringify({ ...baseline, format: 'telltale-baseline/0' }),
};

describe('a fault', () => {
  it('is not in the file that the others are made of', () => {
    expect(problemsOf(good)).toEqual([]);
  });

  it.each(faults)('%j -> %j at %j', (from, to, key, message) => {
    expect(good).toContain(from);
    const text = good.replace(from, to);
    const problems = problemsOf(text, contextOf(moreFiles));
    const lines = problems.map(formatProblem);
    const problem = problems.find(
      (candidate) => candidate.key === key && candidate.message.includes(message),
    );
    expect(problem, lines.join('\n')).toBeDefined();
    const marked = text.split('\n').findIndex((line) => line.includes('#!'));
    // A bracket that is left open is found missing where the next line begins.
    if (marked >= 0) expect([marked + 1, marked + 2]).toContain(problem!.line);
    if (key !== '' && marked >= 0) expect(problem!.line).toBe(marked + 1);
  });

  it.each([
    ['role: primary', 'role: primry'],
    ["warning: '> 0.1'", "warning: '0.1'"],
    ["critical: '> 0.25'", "critical: '0.25'"],
    ['encoding: json', 'encoding: jsn'],
    ['{ type: numeric, range: [0, 10] }', '{ type: numerc }'],
    ['metric: psi', 'metric: [psi]'],
    ['{ probabilities: p }', '{ probabilities: 3 }'],
    ['{ size: 1m }', '{ size: 1m, hop: x }'],
  ])('is told once: %j -> %j brings no others with it', (from, to) => {
    const problems = problemsOf(good.replace(from, to));
    expect(problems.map(formatProblem)).toHaveLength(1);
  });

  it('is reported as data and as one line', () => {
    const [problem] = problemsOf(good.replace('metric: psi', 'metric: pssi'));
    expect(problem).toEqual({
      file: 'fraud.yaml',
      line: 29,
      column: 5,
      key: 'rules[0].metric',
      found: "'pssi'",
      allowed: ['psi', 'mean', 'new_categories', 'null_rate', 'agreement', 'class_share', 'memory', 'volume'],
      suggestion: 'psi',
      message: expect.stringContaining("found 'pssi', allowed: psi, mean, "),
    });
    expect(formatProblem(problem!)).toBe(
      "fraud.yaml:29:5  rules[0].metric: found 'pssi', allowed: psi, mean, new_categories, null_rate, " +
        "agreement, class_share, memory, volume; did you mean 'psi'?",
    );
  });

  it('hides no other fault of the same file, and all stand in the order of the lines', () => {
    const text = good
      .replace('role: primary', 'role: primry')
      .replace('file: mlp.onnx', 'file: gone.onnx\n    fil: 1')
      .replace('positive: fraud', 'positiv: fraud')
      .replace('metric: psi', 'metric: pssi')
      .replace("'> 0.1'", "'0.1'")
      .replace('[drift]', '[drit]')
      .concat('extra: 1\n');
    expect(problemsOf(text).map(({ line, key }) => [line, key])).toEqual([
      [15, 'outputs.fraud.positiv'],
      [18, 'models[0].role'],
      [19, 'models[0].file'],
      [20, 'models[0].fil'],
      [30, 'rules[0].metric'],
      [32, 'rules[0].warning'],
      [35, 'retrain.on[0]'],
      [36, 'extra'],
    ]);
  });
});

describe('a file that is no mapping', () => {
  it.each(['', '# only a comment\n', '- 1\n', 'text\n', 'a: *b\n', '\u0000'])('%j is one fault', (text) => {
    expect(problemsOf(text)).toHaveLength(1);
  });
});
