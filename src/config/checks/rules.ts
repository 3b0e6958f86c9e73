import { CHAR_CLASSES, LEVELS, type Threshold } from '../../records.ts';
import type { Report } from '../document.ts';
import type { RuleShape } from '../rule-shape.ts';
import { tracksOf } from '../tracks.ts';
import type { Path, Registries, SubjectKind } from '../types.ts';
import type { View } from '../view.ts';
import { checkBurn, checkVersus } from './comparisons.ts';
import { checkComposite } from './composites.ts';
import { checkDetector } from './detector.ts';
import { checkUnique } from './unique.ts';

/** Rules against the metric registry and the names of the service. */
export function checkRules(view: View, registries: Registries, report: Report): void {
  checkUnique(view.ruleNames, 'rules', report);
  view.rules.forEach((rule, i) => {
    if (rule === null) return;
    if (checkComposite(rule, i, view, report)) return;
    const metric = registries.metrics.get(rule.metric);
    if (metric === undefined) {
      if (rule.metric === '' && view.isBroken(['rules', i, 'metric'])) return;
      report(['rules', i, 'metric'], {
        ...(rule.metric === '' ? { found: 'nothing' } : {}),
        allowed: [...registries.metrics.keys()],
      });
    } else {
      checkSubject(rule, ['rules', i, 'subject'], metric.subjects, view, report);
    }
    checkModel(rule, i, view, report);
    checkSegment(rule, i, view, report);
    checkNoData(rule, i, report);
    checkVersus(rule, i, view, report);
    if (checkBurn(rule, i, view, registries, report)) return;
    if (checkDetector(rule, i, registries, report)) return;
    checkThresholds(rule, i, report);
    checkResets(rule, i, report);
  });
}

/** What is measured on the subject at a place. */
export function checkSubject(
  { metric, subject }: { metric: string; subject: string },
  at: Path,
  kind: SubjectKind,
  view: View,
  report: Report,
): void {
  if (subject === '*' || kind === 'telemetry') return;
  if (kind === 'service') {
    if (subject === '') return;
    report(at, {
      message: `found '${subject}', but ${metric} is measured on the whole service; leave the subject away`,
    });
    return;
  }
  const { names, open } = subjectsOf(kind, view);
  if (names.includes(subject) || open.some((name) => subject === name || subject.startsWith(`${name}.`)))
    return;
  if (open.some((name) => subject.startsWith(`${name}=`))) return;
  report(at, {
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
  const own = LEVELS.filter((level) => rule[level] !== undefined);
  if (own.length === 0) {
    report(['rules', i], { message: 'at least one of info, warning and critical is needed, or a detector' });
  }
  for (let k = 1; k < own.length; k++) {
    const [lower, level] = [own[k - 1]!, own[k]!];
    const [before, threshold] = [rule[lower]!, rule[level]!];
    const up = isUpward(before);
    if (up !== isUpward(threshold)) {
      report(['rules', i, level], {
        message: `found '${show(threshold)}', which looks the other way than ${lower} '${show(before)}'`,
      });
    } else if (up ? threshold.value <= before.value : threshold.value >= before.value) {
      report(['rules', i, level], {
        message: `found '${show(threshold)}', allowed: beyond the ${lower}, ${up ? '>' : '<'} ${before.value}`,
      });
    }
  }
}

/** A reset looks the other way than its threshold and leaves no value that passes both: an alarm would come and go at each. */
function checkResets(rule: RuleShape, i: number, report: Report): void {
  const { reset = {}, hits } = rule;
  for (const level of LEVELS) {
    const [own, threshold] = [reset[level], rule[level]];
    if (own === undefined) continue;
    const at = ['rules', i, 'reset', level];
    if (threshold === undefined) {
      report(at, { message: `the rule has no ${level} threshold that this could reset` });
      continue;
    }
    const up = isUpward(threshold);
    const isApart = up ? own.value <= threshold.value : own.value >= threshold.value;
    const touches = own.value === threshold.value && own.op.endsWith('=') && threshold.op.endsWith('=');
    if (up === isUpward(own) || !isApart || touches) {
      const allowed = `${up ? '<' : '>'} ${threshold.value}, or further away`;
      report(at, { message: `found '${show(own)}', allowed for ${level} '${show(threshold)}': ${allowed}` });
    }
  }
  if (rule.drop !== undefined && rule.reset === undefined)
    report(['rules', i, 'drop'], { message: 'drop says what happens at a reset, and the rule has none' });
  if (hits !== undefined && hits.of > hits.windows)
    report(['rules', i, 'hits'], { message: `found '${hits.of} of ${hits.windows}', which can never be` });
  const { flapping } = rule;
  if (flapping !== undefined && flapping.leave > flapping.enter)
    report(['rules', i, 'flapping', 'leave'], {
      message: `found ${flapping.leave}, allowed: at most enter, ${flapping.enter}`,
    });
}

function checkNoData({ no_data: noData }: RuleShape, i: number, report: Report): void {
  if (noData === undefined) return;
  const at = ['rules', i, 'no_data'];
  if (noData.policy !== 'keep' && noData.for === undefined)
    report(at, {
      message: `policy ${noData.policy} needs a for: after how long without results it sets in, such as 'for: 30m'`,
    });
  if (noData.policy !== 'alarm' && noData.level !== undefined)
    report([...at, 'level'], { message: `a level goes with policy alarm; ${noData.policy} fires nothing` });
  if (noData.policy === 'keep' && noData.for !== undefined)
    report([...at, 'for'], { message: 'policy keep changes nothing, however long; leave the for away' });
}

function isUpward(threshold: Threshold): boolean {
  return threshold.op === '>' || threshold.op === '>=';
}

function show(threshold: Threshold): string {
  return `${threshold.op} ${threshold.value}`;
}
