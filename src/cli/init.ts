import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { readDaemonOnly } from '../config/load.ts';
import { messageOf, TelltaleError } from '../errors.ts';
import { formatOf, type Row, readRows } from './baseline/rows.ts';
import type { Cli, CommandModule } from './command.ts';
import { createSample, type Sample } from './init/columns.ts';
import { type Guess, guess, type Named } from './init/guess.ts';
import { sampleTopic } from './init/topic.ts';
import { serviceYaml, type WrittenFrom } from './init/yaml.ts';
import { examples, printJson, printLine } from './output.ts';
import { progress } from './progress.ts';

interface InitOptions extends Named {
  csv?: string;
  topic?: string;
  service?: string;
  out?: string;
  rows: string;
  force?: boolean;
}

/** `telltale init`: the first file of a service, from what its records look like. */
export const initCommand: CommandModule = {
  register(program, cli) {
    program
      .command('init')
      .description(
        'Write the file of a service from a sample: types, ranges and categories of its fields, id, time, labels and answers.',
      )
      .option('--csv <file>', 'CSV with a header; NDJSON (.ndjson, .jsonl) and Avro containers (.avro) too')
      .option(
        '--topic <name>',
        'topic of requests, as JSON or as Avro of the schema registry: its newest records',
      )
      .option('--service <name>', 'name of the service (default: that of the file or topic)')
      .option('--id <field>', 'field that names a request (default: a guess)')
      .option('--time <field>', 'field of the event time (default: a guess)')
      .option('--label <field>', 'field of what turned out to be true (default: a guess)')
      .option('--prediction <field>', 'field of what the model answered (default: a guess)')
      .option('--rows <n>', 'rows to look at', '10000')
      .option(
        '--out <file>',
        'where it goes; -: standard output (default: services/SERVICE.yaml below --config)',
      )
      .option('--force', 'write over a file that exists')
      .addHelpText(
        'after',
        examples([
          'telltale init --csv payments.csv --service payments',
          'telltale init --topic payments.requests --label fraud',
          'telltale init --csv payments.csv --out -',
        ]),
      )
      .action((options: InitOptions) => init(cli, options));
  },
};

interface Sampled {
  sample: Sample;
  from: WrittenFrom;
  strangers: number;
}

async function init(cli: Cli, options: InitOptions): Promise<void> {
  const { stdout, stderr } = cli.io;
  const { json, config: dir } = cli.options();
  if ((options.csv === undefined) === (options.topic === undefined))
    throw new TelltaleError('usage', 'give --csv FILE or --topic NAME, one of them');
  const service = serviceName(options);
  const file = options.out ?? join(dir, 'services', `${service}.yaml`);
  if (file !== '-' && options.force !== true && existsSync(file))
    throw new TelltaleError(
      'usage',
      `${file} exists; give --force to write over it, or another --service or --out`,
    );
  const { sample, from, strangers } =
    options.csv === undefined ? await ofTopic(cli, service, options) : await ofFile(cli, service, options);
  const found = guess(sample, options);
  const text = serviceYaml(found, from);
  if (file === '-' && !json) {
    stdout.write(text);
    return;
  }
  const made = file === '-' ? [] : putFiles(file, text, dir);
  const next = nextCommands(options, service, dir);
  if (json)
    printJson(stdout, {
      ok: true,
      service,
      files: made,
      ...found,
      strangers,
      next,
      ...(file === '-' && { text }),
    });
  else tell(cli, found, made, next);
  if (strangers > 0) printLine(stderr, `${strangers} records could not be read and are left out`);
}

function serviceName({ service, csv, topic }: InitOptions): string {
  const base =
    service ?? (csv === undefined ? topic!.replace(/[._-]requests?$/, '') : basename(csv, extname(csv)));
  const name =
    service ??
    base
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-+|-+$/g, '');
  if (/^[a-z0-9][a-z0-9-]*$/.test(name)) return name;
  throw new TelltaleError('usage', `--service: '${name}' is not a name of a-z, 0-9 and -`);
}

function rowsOf({ rows }: InitOptions): number {
  const count = Number(rows);
  if (Number.isSafeInteger(count) && count >= 1) return count;
  throw new TelltaleError('usage', `--rows: '${rows}' is not a whole number of at least 1`);
}

async function ofFile({ io }: Cli, service: string, options: InitOptions): Promise<Sampled> {
  const rowsMax = rowsOf(options);
  const file = options.csv!;
  const format = formatOf(file);
  const sample = createSample(format === 'csv');
  const bar = progress(rowsMax, `read ${file}`, io.stderr);
  let rows = 0;
  try {
    for await (const row of readRows(file, format, () => {})) {
      sample.add(row);
      bar.update(++rows, rows);
      if (rows >= rowsMax) break;
    }
  } finally {
    bar.stop();
  }
  if (rows === 0)
    throw new TelltaleError(
      'input_unreadable',
      `${file} has no rows${format === 'csv' ? ' below its header' : ''}`,
    );
  const from: WrittenFrom = {
    service,
    sample: basename(file),
    topic: `${service}.requests`,
    encoding: 'json',
  };
  return { sample: sample.done(), from, strangers: 0 };
}

async function ofTopic(cli: Cli, service: string, options: InitOptions): Promise<Sampled> {
  const topic = options.topic!;
  const dir = cli.options().config;
  // There may be no service yet, so that the folder as a whole is not valid.
  const config = readDaemonOnly(dir, cli.io.env);
  if (config === null)
    throw new TelltaleError(
      'config_invalid',
      `${join(dir, 'telltale.yaml')} has errors; telltale validate lists them`,
    );
  const log = await cli.wiring.openLog(config);
  try {
    const { rows, encoding, strangers } = await sampleTopic(log, config, topic, rowsOf(options));
    const sample = createSample(false);
    for (const row of rows as Row[]) sample.add(row);
    return {
      sample: sample.done(),
      from: { service, sample: `the topic ${topic}`, topic, encoding },
      strangers,
    };
  } finally {
    await log.close();
  }
}

const DAEMON = `# The daemon; every key is in docs/configuration.md.
kafka: { brokers: [localhost:9092] }
`;

/** The service, and a telltale.yaml where there is none, without which nothing can be tried. */
function putFiles(file: string, text: string, dir: string): string[] {
  const daemon = join(dir, 'telltale.yaml');
  const made = [file];
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    if (file.startsWith(join(dir, 'services')) && !existsSync(daemon)) {
      writeFileSync(daemon, DAEMON);
      made.push(daemon);
    }
  } catch (cause) {
    throw new TelltaleError('file_unreadable', `cannot write ${file}: ${messageOf(cause)}`, { cause });
  }
  return made;
}

function nextCommands({ csv }: InitOptions, service: string, dir: string): string[] {
  const program = dir === 'config' ? 'telltale' : `telltale --config ${dir}`;
  const second =
    csv === undefined ? `${program} doctor` : `${program} replay ${csv} --service ${service} --out replayed`;
  return [`${program} validate`, second, `${program} run`];
}

function tell({ io: { stdout } }: Cli, found: Guess, made: readonly string[], next: readonly string[]): void {
  const { inputs, output, id, time, left } = found;
  const answers = output === null ? 'no labels or answers found' : `output ${output.name} (${output.type})`;
  printLine(stdout, `wrote ${made.join(' and ')}`);
  printLine(
    stdout,
    `${inputs.length} inputs, ${answers}, id ${id ?? 'not found'}, time ${time ?? 'of Kafka'}, ${left.length} fields left out`,
  );
  printLine(stdout, 'look over it, then:');
  for (const command of next) printLine(stdout, `  ${command}`);
}
