import { Option } from 'commander';
import { valueAt } from '../config/document.ts';
import { loadSources } from '../config/load.ts';
import { ConfigError, type Path } from '../config/types.ts';
import { warningsOf } from '../config/warnings.ts';
import type { ServiceSpec } from '../records.ts';
import type { Cli, CommandModule } from './command.ts';
import { jsonSchema, SCHEMA_NAMES, type SchemaName } from './json-schema.ts';
import { examples, printJson, printLine, printTable } from './output.ts';

/** `telltale validate`: loads everything, and prints a line for each service or every problem. */
export const validateCommand: CommandModule = {
  register(program, cli) {
    program
      .command('validate')
      .description('Check telltale.yaml, all services, their baselines and models.')
      .addOption(
        new Option('--schema <name>', 'print the JSON Schema of a file for editors instead').choices(
          SCHEMA_NAMES,
        ),
      )
      .addHelpText(
        'after',
        examples([
          'telltale validate',
          'telltale validate --config /etc/telltale --json',
          'telltale validate --schema service > service.schema.json',
          'telltale validate --schema test > test.schema.json',
        ]),
      )
      .action(async ({ schema }: { schema?: SchemaName }) => {
        if (schema === undefined) await validate(cli);
        else printJson(cli.io.stdout, jsonSchema(schema));
      });
  },
};

async function validate(cli: Cli): Promise<void> {
  const { io, wiring } = cli;
  const { config: dir, json } = cli.options();
  const { config, sources } = await loadSources(dir, wiring.registries, { env: io.env });
  for (const spec of config.services) {
    for (const check of wiring.checks) {
      const source = sources.get(spec.service);
      for (const { path, message } of await check(spec)) {
        source?.report(indexed(source.value, path), { message });
      }
    }
  }
  const problems = [...sources.values()].flatMap((source) => source.problems);
  if (problems.length > 0) throw new ConfigError(problems);
  const services = config.services.map(summaryOf);
  const warnings = warningsOf(config);
  if (json) {
    printJson(io.stdout, { ok: true, services, warnings });
    return;
  }
  for (const warning of warnings) printLine(io.stderr, `warning: ${warning}`);
  printTable(
    io.stdout,
    ['SERVICE', 'STREAMS', 'INPUTS', 'OUTPUTS', 'MODELS', 'RULES', 'BASELINE'],
    services.map((summary) => [
      summary.service,
      summary.streams.join(' '),
      summary.inputs.length,
      summary.outputs.join(' ') || '-',
      summary.models.map(({ name, role }) => `${name}:${role}`).join(' ') || '-',
      summary.rules.length,
      summary.baseline,
    ]),
  );
}

/** Models stand in another order in a spec than in its file, so checks name them: this finds their index. */
function indexed(value: unknown, path: Path): Path {
  const found: (string | number)[] = [];
  for (const step of path) {
    const here = valueAt(value, found);
    const index = Array.isArray(here) ? here.findIndex((entry) => valueAt(entry, ['name']) === step) : -1;
    found.push(index >= 0 ? index : step);
  }
  return found;
}

function summaryOf(spec: ServiceSpec) {
  return {
    service: spec.service,
    digest: spec.digest,
    streams: spec.streams.map(({ stream }) => stream),
    inputs: spec.inputs.map(({ name }) => name),
    outputs: spec.outputs.map(({ name }) => name),
    models: spec.models.map(({ name, role }) => ({ name, role })),
    rules: spec.rules.map(({ name }) => name),
    baseline: baselineWords(spec),
    /** Null: no baseline file. */
    baselineRows: spec.baseline?.n ?? null,
  };
}

/** Where the references come from, and how large the file's are: `24073 rows, 3 segments, rolling 168, hour_of_day`. */
function baselineWords({ baseline, learn, season }: ServiceSpec): string {
  const segments = Object.keys(baseline?.segments ?? {}).length;
  const words = [
    baseline === null ? '' : `${baseline.n} rows`,
    segments === 0 ? '' : `${segments} segments`,
    learn === undefined ? '' : `${learn.kind} ${learn.windows}`,
    season ?? '',
  ].filter((word) => word !== '');
  return words.join(', ') || '-';
}
