import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Writable } from 'node:stream';
import { ConfigError } from '../config/types.ts';
import { messageOf, TelltaleError } from '../errors.ts';
import type { Cli, CommandModule } from './command.ts';
import { examples, printJson, printLine, ReportedError } from './output.ts';
import { plural } from './results/blocks.ts';
import type { Verdict } from './test/compare.ts';
import type { TestFile } from './test/file.ts';
import { type JunitSuite, junitXml } from './test/junit.ts';
import { jsonOf, linesOf } from './test/report.ts';

interface TestOptions {
  filter?: string;
  junit?: string;
}

const HELP = `
A test file (docs/rule-tests.md has all keys):

  service: ../services/fraud.yaml      # or rules: [...] and windows: { size: 1m }
  tests:
    - name: a drift that lasts
      series:
        - { metric: psi, subject: amount, values: "0.02x3 0.12+0.02x4 _x2 0.3", n: 800 }
      expect:
        - { at: 20m, alarms: [] }
        - at: 25m
          alarms: [{ rule: amount-drift, subject: amount, state: firing, level: warning }]

Values are those of promtool, a window each:

  1x4     1 1 1 1 1      1 and 4 more
  1+2x3   1 3 5 7        1 and 3 more, each 2 larger; 1-2x3 smaller
  _ _x3                  no result in a window, in 3 windows
  null nullx3            a result without a value

Time 0 is the start of the first window. At a time everything is closed that ends until then, a reload or a restart of that time
has happened, and alarms that are not ok must be exactly those that are listed. What an alarm or a record does not say is not compared.

Exit codes: 0 all tests passed, 1 some failed, 2 files cannot be read or are wrong.
`;

/** `telltale test`: tests of alarm rules, as promtool has them. */
export const testCommand: CommandModule = {
  register(program, cli) {
    program
      .command('test')
      .description(
        'Test alarm rules: series of results in, which alarms are pending, firing or without data at which time, and which alerts go out.',
      )
      .argument(
        '[files...]',
        'test files, or folders of them; by default the folder tests of the configuration',
      )
      .option('--filter <text>', 'only tests whose name has this text in it')
      .option('--junit <file>', 'write the outcome as JUnit XML too')
      .addHelpText(
        'after',
        `${HELP}${examples([
          'telltale test',
          'telltale test config/tests/fraud.yaml --filter drift',
          'telltale test --junit build/rules.xml --json',
        ])}`,
      )
      .action((files: string[], options: TestOptions) => test(cli, files, options));
  },
};

interface Tested {
  file: TestFile;
  verdicts: (Verdict & { seconds: number })[];
}

async function test(cli: Cli, given: readonly string[], options: TestOptions): Promise<void> {
  const { io, wiring } = cli;
  const { config: dir, json } = cli.options();
  const names = testFiles(given, dir);
  const [{ readTestFiles }, { judge }] = await Promise.all([
    import('./test/file.ts'),
    import('./test/compare.ts'),
  ]);
  let read: ReturnType<typeof readTestFiles>;
  try {
    read = readTestFiles(names, wiring.registries, io.env);
  } catch (error) {
    if (error instanceof ConfigError) writeJunit(options, problemSuites(error));
    throw error;
  }
  const { files, warnings } = read;
  if (!json) for (const warning of warnings) printLine(io.stderr, `warning: ${warning}`);
  const tested = files.map((file): Tested => {
    const chosen = file.tests.filter(({ name }) => name.includes(options.filter ?? ''));
    const verdicts = chosen.map((one) => {
      const startedMs = performance.now();
      const verdict = judge(one);
      return { ...verdict, seconds: (performance.now() - startedMs) / 1000 };
    });
    if (!json) for (const verdict of verdicts) printVerdict(io.stdout, file.file, verdict);
    return { file, verdicts };
  });
  const verdicts = tested.flatMap((one) => one.verdicts);
  if (verdicts.length === 0)
    throw new TelltaleError('usage', `no test has '${options.filter}' in its name; leave --filter away`);
  writeJunit(options, tested.map(suiteOf));
  const failed = verdicts.filter(({ differences }) => differences.length > 0).length;
  const counts = { tests: verdicts.length, passed: verdicts.length - failed, failed };
  const report = { ...counts, warnings, files: tested.map(reportOf) };
  if (!json) {
    const ran = tested.filter((one) => one.verdicts.length > 0).length;
    printLine(
      io.stdout,
      `${plural(counts.tests, 'test')} in ${plural(ran, 'file')}: ${counts.passed} passed, ${failed} failed`,
    );
  } else if (failed === 0) printJson(io.stdout, { ok: true, ...report });
  if (failed > 0)
    throw new ReportedError('tests_failed', `${failed} of ${plural(counts.tests, 'test')} failed`, report);
}

const YAML = /\.ya?ml$/;

/** Folders stand for the test files in them. */
function testFiles(given: readonly string[], dir: string): string[] {
  const own = join(dir, 'tests');
  const files = (given.length === 0 ? [own] : given).flatMap((path) => {
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return given.length === 0 ? [] : [path];
    const found = readdirSync(path, { withFileTypes: true })
      .filter((entry) => !entry.isDirectory() && YAML.test(entry.name) && !entry.name.startsWith('.'))
      .map(({ name }) => join(path, name))
      .sort();
    if (found.length === 0 && given.length > 0)
      throw new TelltaleError('usage', `no test files (*.yaml) in ${path}`);
    return found;
  });
  if (files.length > 0) return [...new Set(files)];
  throw new TelltaleError(
    'usage',
    `no test files (*.yaml) in ${own}; name files, or the folder with --config`,
  );
}

const WIDTH_DEFAULT = 100;

function printVerdict(stdout: Writable & { columns?: number }, file: string, verdict: Verdict): void {
  const { test: one, differences } = verdict;
  printLine(stdout, `${differences.length === 0 ? 'ok' : 'FAIL'}  ${file}: ${one.name}`);
  for (const difference of differences)
    for (const line of linesOf(difference, stdout.columns ?? WIDTH_DEFAULT)) printLine(stdout, line);
}

const reportOf = ({ file, verdicts }: Tested) => ({
  file: file.file,
  tests: verdicts.map(({ test: { name, line }, differences }) => ({
    name,
    line,
    ok: differences.length === 0,
    differences: differences.map(jsonOf),
  })),
});

function suiteOf({ file, verdicts }: Tested): JunitSuite {
  const cases = verdicts.map(({ test: { name, line }, differences, seconds }) => {
    const text = differences.flatMap((one) => linesOf(one, WIDTH_DEFAULT)).join('\n');
    const message = `${plural(differences.length, 'difference')} between what is expected and found`;
    return { name, line, seconds, failure: differences.length === 0 ? null : { message, text } };
  });
  return { file: file.file, cases, problems: [] };
}

function problemSuites({ problems }: ConfigError): JunitSuite[] {
  const files = [...new Set(problems.map(({ file }) => file))];
  return files.map((file) => ({ file, cases: [], problems: problems.filter((one) => one.file === file) }));
}

function writeJunit({ junit }: TestOptions, suites: readonly JunitSuite[]): void {
  if (junit === undefined) return;
  try {
    mkdirSync(dirname(junit), { recursive: true });
    writeFileSync(junit, junitXml(suites));
  } catch (cause) {
    throw new TelltaleError('file_unreadable', `cannot write to ${junit}: ${messageOf(cause)}`, { cause });
  }
}
