import { CHAR_CLASSES, type Threshold } from '../../records.ts';
import type { Report } from '../document.ts';
import type { RuleShape } from '../service-shape.ts';
import { tracksOf } from '../tracks.ts';
import type { Registries, SubjectKind } from '../types.ts';
import type { View } from '../view.ts';
import { checkDetector } from './detector.ts';
import { checkUnique } from './unique.ts';

/** Rules against the metric registry and the names of the service; and what `retrain` asks of them. */
export function checkRules(view: View, registries: Registries, report: Report): void {
  checkUnique(view.ruleNames, 'rules', report);
  view.rules.forEach((rule, i) => {
    if (rule === null) return;
    const metric = registries.metrics.get(rule.metric);
    if (metric === undefined) {
      report(['rules', i, 'metric'], { allowed: [...registries.metrics.keys()] });
    } else {
      checkSubject(rule, i, metric.subjects, view, report);
    }
    checkModel(rule, i, view, report);
    checkSegment(rule, i, view, report);
    if (checkDetector(rule, i, registries, report)) return;
    checkThresholds(rule, i, report);
  });
  checkRetrain(view, report);
}

function checkSubject(rule: RuleShape, i: number, kind: SubjectKind, view: View, report: Report): void {
  const subject = rule.subject;
  if (subject === '*' || kind === 'telemetry') return;
  if (kind === 'service') {
    if (subject === '') return;
    report(['rules', i, 'subject'], {
      message: `found '${subject}', but ${rule.metric} is measured on the whole service; leave the subject away`,
    });
    return;
  }
  const { names, open } = subjectsOf(kind, view);
  if (names.includes(subject) || open.some((name) => subject === name || subject.startsWith(`${name}.`)))
    return;
  if (open.some((name) => subject.startsWith(`${name}=`))) return;
  report(['rules', i, 'subject'], {
    found: `'${subject}'`,
    word: subject,
    allowed: ['*', ...names],
  });
}

/** The subjects of a kind; `open` are the names of entries whose shape is broken: anything of theirs is let pass. */
function subjectsOf(kind: SubjectKind, view: View): { names: string[]; open: string[] } {
  const ofOutputs = kind === 'output' || kind === 'model_output' || kind === 'class';
  const entries: Map<string, unknown> = ofOutputs ? view.outputs : view.inputs;
  const open = [...entries].flatMap(([name, entry]) => (entry === null ? [name] : []));
  if (kind === 'output' || kind === 'model_output') return { names: [...view.outputs.keys()], open };
  if (kind === 'class') {
    const names = [...view.outputs].flatMap(([name, output]) =>
      output?.type === 'classifier' || output?.type === 'multilabel'
        ? output.classes.map((word) => `${name}=${word}`)
        : [],
    );
    return { names, open };
  }
  const ofType = (...types: string[]): string[] =>
    [...view.inputs].flatMap(([name, input]) => (input !== null && types.includes(input.type) ? [name] : []));
  if (kind === 'text_input') return { names: ofType('text'), open };
  if (kind === 'values') return { names: ofType('categorical', 'text'), open };
  if (kind === 'embedding_input') return { names: ofType('embedding'), open };
  if (kind === 'chars')
    return { names: ofType('text').flatMap((name) => CHAR_CLASSES.map((of) => `${name}=${of}`)), open };
  const tracks = [...view.inputs].flatMap(([name, input]) =>
    input === null ? [] : tracksOf(name, input.type),
  );
  const fitting = tracks.filter(({ type }) => kind === 'track' || kind === `${type}_track`);
  return { names: fitting.map(({ track }) => track), open };
}

function checkModel(rule: RuleShape, i: number, view: View, report: Report): void {
  if (rule.model === '*' || view.modelNames.includes(rule.model)) return;
  const names = view.modelNames.filter((name) => name !== null);
  report(['rules', i, 'model'], { allowed: ['*', ...names] });
}

function checkSegment(rule: RuleShape, i: number, view: View, report: Report): void {
  if (rule.segment === '*' || view.segments === null) return;
  const declared = view.segments.map((inputs) => inputs.join(','));
  const at = ['rules', i, 'segment'];
  if (rule.segment === 'each') {
    if (declared.length === 0) report(at, { message: "found 'each', but the service declares no segments" });
    return;
  }
  const parts = rule.segment.split(',').map((part) => {
    const equals = part.indexOf('=');
    return equals < 0
      ? { name: part, value: null }
      : { name: part.slice(0, equals), value: part.slice(equals + 1) };
  });
  const known = declared.includes(parts.map(({ name }) => name).join(','));
  if (!known || parts.some(({ value }) => value === null)) {
    const forms = view.segments.map((inputs) => inputs.map((input) => `${input}=VALUE`).join(','));
    report(at, { allowed: ['*', 'each', ...forms] });
    return;
  }
  for (const { name, value } of parts) {
    const input = view.inputs.get(name);
    const categories = input?.type === 'categorical' ? input.categories : undefined;
    if (value !== null && categories !== undefined && !categories.includes(value)) {
      report(at, { found: `the category '${value}' of ${name}`, word: value, allowed: categories });
    }
  }
}

function checkThresholds(rule: RuleShape, i: number, report: Report): void {
  const { warning, critical } = rule;
  if (warning === undefined && critical === undefined) {
    report(['rules', i], { message: 'at least one of warning and critical is needed, or a detector' });
  }
  if (warning === undefined || critical === undefined) return;
  const up = isUpward(warning);
  if (up !== isUpward(critical)) {
    report(['rules', i, 'critical'], {
      message: `found '${show(critical)}', which looks the other way than warning '${show(warning)}'`,
    });
  } else if (up ? critical.value <= warning.value : critical.value >= warning.value) {
    report(['rules', i, 'critical'], {
      message: `found '${show(critical)}', allowed: beyond the warning, ${up ? '>' : '<'} ${warning.value}`,
    });
  }
}

function isUpward(threshold: Threshold): boolean {
  return threshold.op === '>' || threshold.op === '>=';
}

function show(threshold: Threshold): string {
  return `${threshold.op} ${threshold.value}`;
}

function checkRetrain(view: View, report: Report): void {
  const retrain = view.retrain;
  if (retrain === undefined || retrain === null) return;
  const names = view.ruleNames.filter((name) => name !== null);
  retrain.on.forEach((name, i) => {
    if (name === 'budget' && view.budget !== undefined) return;
    const at = view.ruleNames.indexOf(name);
    const rule = view.rules[at];
    if (at < 0) {
      const allowed = names.length > 0 ? names : ['names that are declared under rules'];
      report(['retrain', 'on', i], { found: `the rule '${name}'`, word: name, allowed });
    } else if (rule?.detector !== undefined) {
      const level = rule.level ?? 'warning';
      if (level === retrain.level || (rule.warn && retrain.level === 'warning')) return;
      report(['retrain', 'on', i], {
        message: `the detector of the rule '${name}' fires ${level}, so it can never ask for retraining at ${retrain.level}`,
      });
    } else if (rule && rule[retrain.level] === undefined && !view.isBroken(['rules', at, retrain.level])) {
      report(['retrain', 'on', i], {
        message: `the rule '${name}' has no ${retrain.level} threshold, so it can never ask for retraining`,
      });
    }
  });
}
