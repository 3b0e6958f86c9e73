/** What is under test: the rules of a service file, or rules that stand in the test file itself. */

import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { buildSpec } from '../../config/build.ts';
import { checkShape } from '../../config/check-shape.ts';
import { checkIncidents } from '../../config/checks/incidents.ts';
import { checkRules } from '../../config/checks/rules.ts';
import type { Report } from '../../config/document.ts';
import type { Environment } from '../../config/environment.ts';
import { filesNear } from '../../config/load.ts';
import { ruleShape } from '../../config/rule-shape.ts';
import { readService } from '../../config/service.ts';
import { serviceShape } from '../../config/service-shape.ts';
import { nearest } from '../../config/suggest.ts';
import type { ConfigProblem, Path, Registries } from '../../config/types.ts';
import { type View, viewOf } from '../../config/view.ts';
import type { InputSpec, ServiceSpec } from '../../records.ts';

export interface Target {
  spec: ServiceSpec;
  view: View;
  /** The service file as a user would write it; null: the rules stand in the test file, and any subject may be named. */
  file: string | null;
}

export type Found = { target: Target } | { fault: string; problems: readonly ConfigProblem[] };

/** Finds service files, each of which is read once. */
export type FindService = (file: string) => Found;

/**
 * @param takeProblems is given the problems of each service file, once
 */
export function serviceFinder(
  registries: Registries,
  env: Environment,
  takeProblems: (problems: readonly ConfigProblem[]) => void,
): FindService {
  const known = new Map<string, Found>();
  return (file) => {
    const path = resolve(file);
    let found = known.get(path);
    if (found === undefined) {
      found = read(file, registries, env);
      known.set(path, found);
      if ('fault' in found) takeProblems(found.problems);
    }
    return found;
  };
}

function read(file: string, registries: Registries, env: Environment): Found {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    const near = nearest(basename(file), neighbours(file));
    const hint = near === null ? '' : `; did you mean '${near}'?`;
    const { code = '' } = cause as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'no such file' : `cannot be read (${code})`;
    return { fault: `${why}: ${file} (paths are relative to the test file)${hint}`, problems: [] };
  }
  // A baseline says what results are worth, which the test gives itself; `telltale validate` checks it.
  const context = { registries, env, files: filesNear(dirname(resolve(file))), withoutBaseline: true };
  const { spec, source } = readService(text, file, context);
  if (spec !== null) return { target: { spec, view: viewOf(checkShape(serviceShape, source)), file } };
  const { length } = source.problems;
  const fault = `${file} does not validate: ${length} ${length === 1 ? 'problem' : 'problems'}, listed with its lines`;
  return { fault, problems: source.problems };
}

function neighbours(file: string): string[] {
  try {
    return readdirSync(dirname(file));
  } catch {
    return [];
  }
}

/** Rules that are written in a test file: their places are told by `report`, from the rules on. */
export interface Written {
  rules: readonly unknown[];
  /** Undefined: those of the target hold. */
  incidents: unknown;
  isBroken: (path: Path) => boolean;
  report: Report;
}

/**
 * The target with these rules instead of its own; null: they have faults, which are reported.
 *
 * Without a service file there are no inputs and outputs that subjects could be checked against: what the rules name is let pass.
 */
export function withRules(base: Target, written: Written, registries: Registries): Target | null {
  let faults = 0;
  const report: Report = (path, fault) => {
    if (written.isBroken(path)) return;
    faults++;
    written.report(path, fault);
  };
  const value = { rules: written.rules, incidents: written.incidents };
  const { rules, ruleNames, incidents } = viewOf({ value, isBroken: written.isBroken });
  const plain: View = { ...base.view, rules, ruleNames, retrain: undefined };
  if (incidents !== undefined) plain.incidents = incidents;
  const view: View = { ...plain, isBroken: written.isBroken };
  checkRules(base.file === null ? opened(view) : view, registries, report);
  // Those of a service may name rules that a reload takes away.
  if (incidents !== undefined) checkIncidents(base.file === null ? opened(view) : view, registries, report);
  if (faults > 0 || rules.includes(null) || plain.incidents === null) return null;
  const spec = buildSpec(plain, null, registries, (path) => path);
  const inputs = base.file === null ? inputsOf(spec, registries) : spec.inputs;
  return { ...base, spec: { ...spec, inputs }, view: plain };
}

/** Without a service file: what the rules watch of inputs, by which alarms share a cause. */
function inputsOf({ rules }: ServiceSpec, { metrics }: Registries): InputSpec[] {
  const own = rules.filter(
    ({ metric, subject }) => subject !== '*' && metrics.get(metric)?.family === 'input',
  );
  const names = new Set(own.map(({ subject }) => subject.split('.', 1)[0]!));
  return [...names].map((name) => ({ name, type: 'numeric', from: name, range: null, categories: null }));
}

/** A view in which the subjects and models of its rules are taken for known. */
export function opened(view: View): View {
  const names = view.rules.flatMap((rule) => (rule === null ? [] : [rule.subject.split(/[.=]/, 1)[0]!]));
  const entries = new Map(names.map((name) => [name, null]));
  const modelNames = view.rules.flatMap((rule) => [rule?.model ?? null, rule?.versus?.model ?? null]);
  return { ...view, inputs: entries, outputs: entries, modelNames, segments: null };
}

/** The target of a test file that names no service, without rules yet. */
export function emptyTarget(windows: { size: number; hop?: number | undefined }): Target {
  const ms = (duration: number | undefined) => (duration === undefined ? undefined : `${duration}ms`);
  const value = { service: 'test', windows: { size: ms(windows.size), hop: ms(windows.hop) } };
  const view = viewOf({ value, isBroken: () => false });
  return { spec: buildSpec(view, null, NO_REGISTRIES, (path) => path), view, file: null };
}

const NO_REGISTRIES: Registries = { metrics: new Map() };

/** Reports what of a series the target cannot measure, by the checks of a rule that would watch it. */
export function checkMeasured(
  { view, file }: Target,
  { metric, subject, model, segment }: { metric: string; subject: string; model: string; segment: string },
  registries: Registries,
  report: Report,
): void {
  if (segment === 'each') {
    report(['segment'], { message: "found 'each', but a series is of one segment, such as country=de" });
    return;
  }
  const written = {
    name: 'x',
    metric,
    subject: subject || '*',
    model: model || '*',
    segment,
    warning: '> 0',
  };
  const rule = ruleShape.parse(written);
  const asked: View = { ...view, rules: [rule], ruleNames: [rule.name], retrain: undefined };
  checkRules(file === null ? opened(asked) : asked, registries, (path, fault) => {
    // What a rule may say of many stands for no series.
    const allowed = fault.allowed?.filter((word) => path.at(-1) === 'segment' || word !== '*');
    report(path.slice(2), { ...fault, ...(allowed === undefined ? {} : { allowed }) });
  });
}
