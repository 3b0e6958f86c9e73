import type { ServiceSpec } from '../records.ts';
import { buildSpec } from './build.ts';
import { checkShape } from './check-shape.ts';
import { checkAutomation } from './checks/automation.ts';
import { checkBaseline } from './checks/baseline.ts';
import { checkBudget } from './checks/budget.ts';
import { checkEntries } from './checks/entries.ts';
import { checkIncidents } from './checks/incidents.ts';
import { checkJoin } from './checks/join.ts';
import { checkModels } from './checks/models.ts';
import { checkRegretBaseline, checkRetrain } from './checks/retrain.ts';
import { checkRollout } from './checks/rollout.ts';
import { checkRules } from './checks/rules.ts';
import { checkStreams, type Files } from './checks/streams.ts';
import { type Report, readSource, type Source } from './document.ts';
import type { Environment } from './environment.ts';
import { protectView } from './sensitive.ts';
import { serviceShape } from './service-shape.ts';
import { type ConfigProblem, type Registries, sortProblems } from './types.ts';
import { viewOf } from './view.ts';

/** All that a service file may refer to outside itself. */
export interface ServiceContext {
  registries: Registries;
  env: Environment;
  files: Files;
  /** `privacy.key` of telltale.yaml; null: there is none. Absent: not known. */
  privacySecret?: string | null;
  /** The baseline is about to be built: do not look for it. */
  withoutBaseline?: boolean;
}

export type ParsedService = { spec: ServiceSpec } | { problems: ConfigProblem[] };

/**
 * Parses and checks the text of one service file.
 *
 * @param file as it shall stand in problems
 * @returns the frozen spec, or every problem of the file in the order of its lines; it does not throw
 */
export function parseService(text: string, file: string, context: ServiceContext): ParsedService {
  const { spec, source } = readService(text, file, context);
  return spec === null ? { problems: sortProblems(source.problems) } : { spec };
}

/** As parseService, with the source, so that checks across files can report at its lines. */
export function readService(
  text: string,
  file: string,
  context: ServiceContext,
): { spec: ServiceSpec | null; source: Source; names: { service: string; topics: Map<string, string> } } {
  const source = readSource(text, file, context.env, context.files);
  const names = { service: '', topics: new Map<string, string>() };
  if (!source.readable) return { spec: null, source, names };
  const written = viewOf(checkShape(serviceShape, source));
  const report: Report = (path, fault) => {
    if (!written.isBroken(path)) source.report(path, fault);
  };
  const view = protectView(written, context.privacySecret, report);
  checkEntries(view, report);
  checkStreams(view, context.files, report);
  checkJoin(view, report);
  checkModels(view, context.files, report);
  checkRules(view, context.registries, report);
  checkIncidents(view, context.registries, report);
  checkRollout(view, context.registries, report);
  checkAutomation(view, report);
  checkRetrain(view, context.registries, report);
  if (context.withoutBaseline !== true) checkBudget(view, context.registries, report);
  const withBaseline = context.withoutBaseline !== true;
  const baseline = withBaseline ? checkBaseline(view, context.files, context.registries, report) : null;
  checkRegretBaseline(view, baseline, context.registries, report);
  names.service = view.service;
  for (const [stream, spec] of view.streams) if (spec !== null) names.topics.set(stream, spec.topic);
  if (source.problems.length > 0) return { spec: null, source, names };
  return { spec: buildSpec(view, baseline, context.registries, context.files.resolve), source, names };
}
