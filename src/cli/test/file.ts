/** Reads test files: their shape, what they refer to, and what of them could never come true. */

import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { isNode, isScalar, LineCounter, parseDocument } from 'yaml';
import { type Checked, checkShape } from '../../config/check-shape.ts';
import { type Report, readSource, type Source, valueAt } from '../../config/document.ts';
import type { Environment } from '../../config/environment.ts';
import { durationMs } from '../../config/scalar-shapes.ts';
import { ConfigError, type ConfigProblem, type Path, type Registries } from '../../config/types.ts';
import { messageOf } from '../../errors.ts';
import type { Result } from '../../records.ts';
import { type Expectations, expectationsOf } from './expected.ts';
import { expand, type Step } from './notation.ts';
import { endMs, type Plan, type Series } from './run.ts';
import { type TestShape, testFileShape, testShape } from './shape.ts';
import { commandsOf } from './silences.ts';
import {
  checkMeasured,
  emptyTarget,
  type FindService,
  serviceFinder,
  type Target,
  withRules,
} from './target.ts';
import { warningsOf } from './warnings.ts';
import { durationText } from './words.ts';

/** One test, ready to run. */
export interface Test extends Expectations {
  name: string;
  line: number;
  plan: Plan;
}

export interface TestFile {
  file: string;
  target: Target;
  tests: Test[];
  lineOf: (path: Path) => number;
}

/**
 * Reads test files and all that they refer to.
 *
 * @throws ConfigError with every problem of every file
 */
export function readTestFiles(
  files: readonly string[],
  registries: Registries,
  env: Environment,
): { files: TestFile[]; warnings: string[] } {
  const problems: ConfigProblem[] = [];
  const find = serviceFinder(registries, env, (found) => problems.push(...found));
  const read = files.map((file) => {
    let text: string;
    try {
      text = readFileSync(file, 'utf8');
    } catch (cause) {
      const message = `cannot be read: ${messageOf(cause)}`;
      problems.push({ file, line: 1, column: 1, key: '', found: '', allowed: [], suggestion: null, message });
      return null;
    }
    const source = readSource(text, file, env);
    const found = source.readable ? readTests(source, text, registries, find) : null;
    problems.push(...source.problems);
    return found;
  });
  if (problems.length > 0) throw new ConfigError(problems);
  const sound = read.filter((file) => file !== null);
  return { files: sound, warnings: warningsOf(sound) };
}

interface Reading {
  source: Source;
  checked: Checked;
  written: Written;
  registries: Registries;
  find: FindService;
}

function readTests(source: Source, text: string, registries: Registries, find: FindService): TestFile | null {
  const { value } = source;
  const tests = valueAt(value, ['tests']);
  const isEmpty = value === null || tests === null || (Array.isArray(tests) && tests.length === 0);
  if (isEmpty || (typeof value === 'object' && !Array.isArray(value) && tests === undefined)) {
    source.report(['tests'], { message: 'the file has no tests; `telltale test --help` shows one' });
    if (value === null) return null;
    (value as { tests: unknown }).tests = [];
  }
  const checked = checkShape(testFileShape, source);
  if (typeof value !== 'object' || Array.isArray(value)) return null;
  const reading: Reading = { source, checked, written: writtenOf(text), registries, find };
  const target = targetOf(reading);
  const list = valueAt(checked.value, ['tests']);
  const names = new Map<string, number>();
  const read = (Array.isArray(list) ? list : []).map((written: unknown, i) => {
    const shape = testShape.safeParse(written);
    if (!shape.success) return null;
    const other = names.get(shape.data.name);
    if (other === undefined) names.set(shape.data.name, i);
    else source.report(['tests', i, 'name'], { message: `the name is already that of tests[${other}]` });
    return target === null ? null : testOf(reading, target, shape.data, i);
  });
  if (source.problems.length > 0 || target === null) return null;
  return {
    file: source.file,
    target,
    tests: read.filter((test) => test !== null),
    lineOf: reading.written.lineOf,
  };
}

/** A file as it is written. */
interface Written {
  /** Of what stands at a path, or of the nearest place above. */
  lineOf: (path: Path) => number;
  /** Of a number: YAML takes `0x3` for a hexadecimal one, where four windows are meant. */
  textAt: (path: Path) => string | undefined;
}

function writtenOf(text: string): Written {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  return {
    lineOf: (path) => {
      for (let length = path.length; length > 0; length--) {
        const node = document.getIn(path.slice(0, length), true);
        if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
      }
      return 1;
    },
    textAt: (path) => {
      const node = document.getIn(path, true);
      return isScalar(node) && typeof node.value === 'number' ? node.source : undefined;
    },
  };
}

const pathFrom = (file: string, path: string): string =>
  isAbsolute(path) ? path : join(dirname(file), path);

/** The target of a file, or null with its faults reported. */
function targetOf({ source, checked, registries, find }: Reading): Target | null {
  const { service, rules, windows, incidents } = checked.value as Record<string, unknown>;
  if ((service === undefined) === (rules === undefined)) {
    const message =
      rules === undefined
        ? 'what is under test? Give a service file (service: ../services/fraud.yaml) or rules'
        : 'a file tests the rules of a service or its own, not both';
    source.report(rules === undefined ? [] : ['rules'], { message });
    return null;
  }
  if (service !== undefined) {
    if (windows !== undefined)
      source.report(['windows'], {
        message: 'windows go with rules of the test file; a service has its own',
      });
    if (incidents !== undefined)
      source.report(['incidents'], {
        message: 'incidents go with rules of the test file; a service has its own',
      });
    if (typeof service !== 'string' || service === '') return null;
    return serviceAt(source, ['service'], service, find);
  }
  const shape = testFileShape.shape.windows.safeParse(windows);
  if (!shape.success || !Array.isArray(rules)) return null;
  const { size, hop } = shape.data ?? { size: 60_000 };
  if (hop !== undefined && size % hop !== 0) {
    source.report(['windows', 'hop'], {
      message: `the size of ${durationText(size)} is not a multiple of the hop of ${durationText(hop)}`,
    });
    return null;
  }
  const written = { rules, incidents, isBroken: checked.isBroken, report: source.report };
  return withRules(emptyTarget({ size, hop }), written, registries);
}

function serviceAt(source: Source, path: Path, file: string, find: FindService): Target | null {
  const found = find(pathFrom(source.file, file));
  if ('target' in found) return found.target;
  source.report(path, { message: found.fault });
  return null;
}

function testOf(reading: Reading, target: Target, test: TestShape, i: number): Test {
  const { source } = reading;
  const { lineOf } = reading.written;
  const at = ['tests', i];
  const report: Report = (path, fault) => source.report([...at, ...path], fault);
  const { hopMs } = target.spec.windows;
  const intervalMs = test.interval ?? hopMs;
  if (intervalMs % hopMs !== 0)
    report(['interval'], {
      message: `found ${durationText(intervalMs)}, allowed: multiples of the hop of the windows, ${durationText(hopMs)}`,
    });
  const startMs = test.start ?? 0;
  if (startMs % hopMs !== 0)
    report(['start'], {
      message: `windows of a hop of ${durationText(hopMs)} do not start then; allowed: its multiples since 1970-01-01T00:00Z`,
    });
  const targets = [target];
  const reloads: Plan['reloads'][number][] = [];
  for (const [key, to] of Object.entries(test.reload_at)) {
    const other = reloadOf(reading, target, to, [...at, 'reload_at', key]);
    if (other === null) continue;
    targets.push(other);
    reloads.push({ atMs: durationMs(key)!, spec: other.spec });
  }
  const series = seriesOf(reading, targets, test, at);
  const lastMs = endMs(target.spec, intervalMs, Math.max(0, ...series.map(({ steps }) => steps.length - 1)));
  const checkTime = (path: Path, timeMs: number): void => {
    // With values that cannot be read it is not known how far they go.
    if (timeMs <= lastMs || series.length < test.series.length) return;
    const more = Math.ceil((timeMs - lastMs) / intervalMs);
    const [time, last] = [durationText(timeMs), durationText(lastMs)];
    report(path, {
      message: `${time} lies after the last value, whose window ends at ${last}; if nothing comes until then, add _x${more} to the values`,
    });
  };
  for (const key of Object.keys(test.reload_at)) checkTime(['reload_at', key], durationMs(key)!);
  test.restart_at.forEach((time, k) => {
    if (time !== 'every') checkTime(['restart_at', k], time);
  });
  for (const key of ['silence_at', 'expire_at'] as const)
    test[key].forEach((step, k) => {
      checkTime([key, k, 'at'], step.at);
    });
  const rules = [...new Set(targets.flatMap(({ spec }) => spec.rules.map(({ name }) => name)))];
  const lineOfTest = (path: Path): number => lineOf([...at, ...path]);
  const expectations = expectationsOf(test, { lineOf: lineOfTest, report, checkTime, rules });
  return {
    name: test.name,
    line: lineOf(at),
    plan: {
      spec: target.spec,
      startMs,
      intervalMs,
      series,
      reloads,
      restarts: test.restart_at,
      commands: commandsOf(test, targets, startMs, reading.registries, report),
      looksMs: expectations.looks.map(({ atMs }) => atMs),
    },
    ...expectations,
  };
}

type Reload = TestShape['reload_at'][string];

function reloadOf(reading: Reading, target: Target, to: Reload, at: Path): Target | null {
  const { source, checked, registries, find } = reading;
  if (typeof to !== 'string') {
    // As they are written: the checks read texts.
    const rules = valueAt(checked.value, [...at, 'rules']) as unknown[];
    const isBroken = (path: Path): boolean => checked.isBroken([...at, ...path]);
    const report: Report = (path, fault) => source.report([...at, ...path], fault);
    const incidents = valueAt(checked.value, [...at, 'incidents']);
    return withRules(target, { rules, incidents, isBroken, report }, registries);
  }
  const other = serviceAt(source, at, to, find);
  if (other === null) return null;
  const [before, after] = [target.spec, other.spec];
  // Rules of a test file belong to no service yet.
  const spec = target.file === null ? { ...after, service: before.service } : after;
  if (spec.service !== before.service)
    source.report(at, {
      message: `it is of the service '${after.service}', and '${before.service}' is under test`,
    });
  const [now, then] = [before.windows, after.windows];
  if (now.sizeMs === then.sizeMs && now.hopMs === then.hopMs) return { ...other, spec };
  const words = [then.sizeMs, then.hopMs, now.sizeMs, now.hopMs].map(durationText);
  source.report(at, {
    message: `its windows (size ${words[0]}, hop ${words[1]}) are not those under test (size ${words[2]}, hop ${words[3]})`,
  });
  return null;
}

function seriesOf(
  { source, written, registries }: Reading,
  targets: readonly Target[],
  test: TestShape,
  at: Path,
): Series[] {
  const rules = targets.flatMap(({ spec }) => spec.rules);
  const first = new Map<string, number>();
  return test.series.flatMap((series, k): Series[] => {
    const { metric, subject, model, segment } = series;
    const here = [...at, 'series', k];
    const report: Report = (path, fault) => source.report([...here, ...path], fault);
    const key = JSON.stringify([metric, subject, model, segment]);
    const other = first.get(key);
    if (other === undefined) first.set(key, k);
    else report([], { message: `the same metric, subject, model and segment as series[${other}]` });
    checkMeasured(targets[0]!, series, registries, report);
    const expanded = expand(written.textAt([...here, 'values']) ?? series.values);
    if ('fault' in expanded) {
      report(['values'], { message: expanded.fault });
      return [];
    }
    const { steps } = expanded;
    // By default samples are enough for every rule, so that tests of thresholds need not speak of them.
    const enough = String(Math.max(1, ...rules.map(({ nMin }) => nMin)));
    const n = countsOf(written.textAt([...here, 'n']) ?? series.n ?? enough, steps, report);
    const family = (registries.metrics.get(metric)?.family ?? 'input') as Result['family'];
    return n === null ? [] : [{ metric, subject, model, segment, family, steps, n }];
  });
}

/** The samples of each window; null: what is written does not fit the values, which is reported. */
function countsOf(text: string, steps: readonly Step[], report: Report): number[] | null {
  const expanded = expand(text);
  if ('fault' in expanded) {
    report(['n'], { message: expanded.fault });
    return null;
  }
  const given = expanded.steps;
  const n = given.length === 1 ? steps.map(() => given[0]) : given;
  if (n.length !== steps.length) {
    report(['n'], {
      message: `n has ${n.length} windows, and values ${steps.length}; one number holds for all`,
    });
    return null;
  }
  const bad = n.findIndex((count, i) => {
    if (steps[i] === undefined) return false;
    return typeof count !== 'number' || !Number.isInteger(count) || count < 0;
  });
  if (bad < 0) return n.map((count) => count ?? 0);
  const found = n[bad] === undefined ? '_' : n[bad];
  report(['n'], {
    message: `found ${found} for window ${bad + 1}, which has a result; allowed: whole numbers from 0`,
  });
  return null;
}
