/**
 * The level of automation of a service, as it follows from labelled answers, alarms, configurations and people in the order of event time. What a look decides is in
 * `automation.ts`; here is what it looks at. Pure; event time is an argument and the state is plain JSON.
 */

import { assert } from '../errors.ts';
import { AUTOMATION_LEVELS, type AutomationLevel, type AutomationSpec, type Command } from '../records.ts';
import {
  createLadder,
  type LadderSeen,
  type LadderSpec,
  type LadderState,
  type LevelStep,
  percent,
  rankOf,
  retuned,
  safeThreshold,
  setLevel,
  stepLadder,
} from './automation.ts';
import type { Pairs } from './comparison.ts';
import { addDecided, createSpans, decidedOf, type Spans } from './spans.ts';

/**
 * Where the cells of confidence begin, which are the thresholds to choose from. They are fixed beforehand and few, since each has its part of the error; all of them
 * are borders of the bins of scores, and so is 1 minus each.
 */
export const CONFIDENCES: readonly number[] = [
  0, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.925, 0.95, 0.96, 0.97, 0.98, 0.99, 0.995, 0.999,
];

/** Answers with a known outcome, and the wrong ones among them, by cell of confidence. */
export interface Outcomes {
  n: number[];
  wrong: number[];
  /** The model as the candidate and people alone as the primary, on the same requests. Absent: none. */
  pairs?: Pairs;
}

export const createOutcomes = (): Outcomes => ({
  n: CONFIDENCES.map(() => 0),
  wrong: CONFIDENCES.map(() => 0),
});

export function addOutcomes(into: Outcomes, { n, wrong, pairs }: Outcomes): void {
  for (let cell = 0; cell < CONFIDENCES.length; cell++) {
    into.n[cell]! += n[cell]!;
    into.wrong[cell]! += wrong[cell]!;
  }
  if (pairs === undefined) return;
  const own = into.pairs ?? NO_PAIRS;
  into.pairs = {
    n: own.n + pairs.n,
    better: own.better + pairs.better,
    worse: own.worse + pairs.worse,
  };
}

const NO_PAIRS: Pairs = { n: 0, better: 0, worse: 0 };

/** What is known of a model. */
export interface Known extends Outcomes {
  /** The model by its digest: another one of the same name is known by nothing. */
  of: string;
  /** Requests of this event time and later count: those since the last fall. Null: all. */
  fromMs: number | null;
  /** Beginning of the first window and end of the last one that count; null: there are none. */
  firstMs: number | null;
  lastMs: number | null;
}

const createKnown = (of: string, fromMs: number | null): Known => ({
  ...createOutcomes(),
  ...{ of, fromMs, firstMs: null, lastMs: null },
});

/** Plain JSON. */
export interface LevelStates {
  /** Null: the service has no automation. */
  ladder: LadderState | null;
  /** The output, and whose labels say how right it is: what is known of another one counts no more. */
  output: string;
  /** By name. */
  models: Record<string, Known>;
  /** Name and digest of the model that answers. */
  active: string;
  /** Of what the model decided at this level, or would have: requests since it holds. */
  decided: Spans;
  /** A person has lowered it: it does not rise by itself. */
  isHeld: boolean;
  /** Share of the requests that people decide blind, as the tables have it. */
  blind: number;
  /** The level that was said to be open to a person; '': none. */
  offered: AutomationLevel | '';
  /** What the next step up still needed at the last look; '': nothing, or it has just changed. It has numbers of the moment, so that it is told only where what they are of is another. */
  missing: string;
  /** The last stretch of event time in which people saw no answers, the level being below assist. Null end: it is now. Null: there was none. */
  unseen: { fromMs: number; toMs: number | null } | null;
}

export const createLevels = (): LevelStates => ({
  ...{ ladder: null, output: '', models: {}, active: '' },
  ...{ decided: createSpans(), isHeld: false, blind: 0, offered: '', missing: '', unseen: null },
});

/** level_open: it could rise, and waits for a person. level_waits: it does not rise, for another reason than before. */
export interface LevelTold {
  event: 'level' | 'level_open' | 'level_waits' | 'refused';
  atMs: number;
  /** A person; '': the service itself. */
  by: string;
  reason: string;
  /** After it. */
  level: AutomationLevel;
  threshold: number | null;
}

/** What the configuration wants: `models` are digests by name. */
export interface WantedLevels {
  spec: AutomationSpec;
  models: Readonly<Record<string, string>>;
}

/** Alarms that stop it leave it there: nobody is touched by a shadow. */
const ON_ALARM = 'shadow';

const ladderSpecOf = (spec: AutomationSpec): LadderSpec => ({
  highest: spec.upTo,
  alpha: 1 - spec.confidence,
  targets: { assist: spec.assistRisk, partial: spec.targetRisk, full: spec.targetRisk },
  margin: spec.margin ?? null,
  nMin: spec.nMin,
  coverageMin: spec.coverageMin,
  holdMs: spec.holdMs,
  onAlarm: ON_ALARM,
});

const cellsOf = (known: Outcomes | undefined): LadderSeen['cells'] =>
  known === undefined
    ? []
    : CONFIDENCES.map((from, cell) => ({ from, n: known.n[cell]!, wrong: known.wrong[cell]! }));

function seenOf(states: LevelStates, active: string, alarms: readonly string[], atMs: number): LadderSeen {
  const { models, decided } = states;
  return {
    atMs,
    cells: cellsOf(models[active]),
    pairs: models[active]?.pairs ?? NO_PAIRS,
    decided: decidedOf(decided),
    alarms,
  };
}

const tell = (
  { level, threshold }: LadderState,
  said: Pick<LevelTold, 'event' | 'atMs' | 'by' | 'reason'>,
): LevelTold => ({ ...said, level, threshold });

const SEEN_FROM = rankOf('assist');

/** Every change of the ladder comes through here. */
function setLadder(states: LevelStates, ladder: LadderState): void {
  const isUnseen = rankOf(ladder.level) < SEEN_FROM;
  const wasUnseen = states.unseen?.toMs === null;
  if (isUnseen && !wasUnseen) states.unseen = { fromMs: ladder.sinceMs, toMs: null };
  if (!isUnseen && wasUnseen) states.unseen = { ...states.unseen!, toMs: ladder.sinceMs };
  states.ladder = ladder;
}

/** Takes a state that the ladder or a person has come to. */
function take(states: LevelStates, active: string, { state, move }: LevelStep): LevelTold[] {
  const before = states.ladder;
  if (before === null || move === null) return [];
  setLadder(states, state);
  states.offered = '';
  states.missing = '';
  states.decided = createSpans();
  const known = states.models[active];
  // What people lower says nothing of the model.
  if (known !== undefined && move.by === '' && rankOf(move.to) < rankOf(move.from))
    states.models[active] = createKnown(known.of, move.atMs);
  const { from, to, atMs, by, reason } = move;
  const what =
    from === to ? `${to}: threshold ${before.threshold ?? 'none'} -> ${state.threshold}` : `${from} -> ${to}`;
  return [tell(state, { event: 'level', atMs, by, reason: reason === '' ? what : `${what}: ${reason}` })];
}

/** A configuration. Without the section the level stays as it is; with it again, it begins anew. */
export function configureLevels(states: LevelStates, wanted: WantedLevels | null, atMs: number): LevelTold[] {
  if (wanted === null) {
    Object.assign(states, createLevels());
    return [];
  }
  const { spec, models } = wanted;
  const output = spec.labels === 'people' ? `${spec.output} by people` : spec.output;
  if (states.output !== output) Object.assign(states, { models: {}, decided: createSpans() });
  states.output = output;
  for (const [name, { of }] of Object.entries(states.models))
    if (models[name] !== of) delete states.models[name];
  for (const [name, of] of Object.entries(models)) states.models[name] ??= createKnown(of, null);
  const blind = spec.blind ?? 0;
  const isOther = states.blind !== blind;
  states.blind = blind;
  if (states.ladder !== null) return isOther ? [tellBlind(states.ladder, blind, atMs)] : [];
  const ladder = createLadder(spec.level, atMs);
  setLadder(states, ladder);
  const reason = `${spec.level}: it begins here by the configuration`;
  return [tell(ladder, { event: 'level', atMs, by: '', reason })];
}

/** A step of its own, since the table changes with it. */
const tellBlind = (ladder: LadderState, blind: number, atMs: number): LevelTold =>
  tell(ladder, {
    ...{ event: 'level', atMs, by: '' },
    reason: `${ladder.level}: people decide ${blind === 0 ? 'no requests' : `${percent(blind)} of the requests`} blind, by the configuration`,
  });

/** Takes labelled answers of a final window by model. Those of `silent`, which do not say who decided, count where people saw no answers all through it. */
export function noteOutcomes(
  states: LevelStates,
  active: string,
  { startMs, endMs }: { startMs: number; endMs: number },
  models: Readonly<Record<string, Outcomes>>,
  silent: Readonly<Record<string, Outcomes>> = {},
): void {
  const { ladder, decided, unseen } = states;
  if (ladder === null) return;
  const add = ([name, more]: [string, Outcomes]): void => {
    const known = states.models[name];
    if (known === undefined || (known.fromMs !== null && startMs < known.fromMs)) return;
    addOutcomes(known, more);
    known.firstMs ??= startMs;
    known.lastMs = endMs;
  };
  Object.entries(models).forEach(add);
  const isUnseen =
    unseen !== null && startMs >= unseen.fromMs && endMs <= (unseen.toMs ?? Number.POSITIVE_INFINITY);
  if (isUnseen) Object.entries(silent).forEach(add);
  const own = models[active];
  const from = ladder.level === 'full' ? 0 : ladder.level === 'partial' ? ladder.threshold : null;
  if (own === undefined || from === null || startMs < ladder.sinceMs) return;
  let [n, wrong] = [0, 0];
  CONFIDENCES.forEach((confidence, cell) => {
    if (confidence < from) return;
    n += own.n[cell]!;
    wrong += own.wrong[cell]!;
  });
  addDecided(decided, n, wrong);
}

/** Another model answers: of what the model decides by itself it keeps what is shown to be safe for the new one too. */
function changeModel(states: LevelStates, spec: LadderSpec, active: string, atMs: number): LevelTold[] {
  const { ladder, models, active: before } = states;
  const now = `${active} ${models[active]?.of}`;
  if (ladder === null || now === before) return [];
  states.active = now;
  states.decided = createSpans();
  if (before === '' || rankOf(ladder.level) < rankOf('partial')) return [];
  const safe = safeThreshold(spec, { cells: cellsOf(models[active]) });
  const to = safe === null ? 'assist' : 'partial';
  const threshold = safe === null ? null : safe.threshold;
  const shown = safe === null ? 'no threshold is shown to be safe' : `${safe.threshold} is shown to be safe`;
  const reason = `another model answers, ${active}, of which ${shown}`;
  const next = { level: to, sinceMs: atMs, threshold } as const;
  setLadder(states, next);
  states.offered = '';
  const what = ladder.level === to ? to : `${ladder.level} -> ${to}`;
  return [tell(next, { event: 'level', atMs, by: '', reason: `${what}: ${reason}` })];
}

/** One look, when all that came before it has been taken. `alarms`: rules that fire and are to stop it. */
export function judgeLevels(
  states: LevelStates,
  spec: AutomationSpec,
  active: string,
  alarms: readonly string[],
  atMs: number,
): LevelTold[] {
  if (states.ladder === null) return [];
  const own = ladderSpecOf(spec);
  const told = changeModel(states, own, active, atMs);
  const seen = seenOf(states, active, alarms, atMs);
  const step = stepLadder(own, states.ladder, seen);
  const isRise = step.move !== null && rankOf(step.move.to) > rankOf(step.move.from);
  const isAsked = spec.gate === 'manual' || states.isHeld;
  if (step.move !== null && !(isRise && isAsked)) return [...told, ...take(states, active, step)];
  told.push(...wait(states, step.missing ?? (isRise ? waitsFor(states) : ''), isRise, atMs));
  told.push(...tune(states, own, seen, isAsked));
  if (step.move === null) states.offered = '';
  else told.push(...offer(states, step.move.to, step.move.reason, atMs));
  return told;
}

/** Numbers change with every window; what they are of seldom does. */
const kindOf = (missing: string): string => missing.replace(/\d[\d.]*/g, '0');

/** Why the level stays, told once for each kind of reason. What is open to a person is told as such. */
function wait(states: LevelStates, missing: string, isOpen: boolean, atMs: number): LevelTold[] {
  assert(states.ladder !== null, 'there is a level');
  const isNew = kindOf(missing) !== kindOf(states.missing);
  states.missing = missing;
  if (missing === '' || isOpen || !isNew) return [];
  const reason = `${states.ladder.level} stays: ${missing}`;
  return [tell(states.ladder, { event: 'level_waits', atMs, by: '', reason })];
}

const waitsFor = ({ isHeld }: LevelStates): string =>
  isHeld
    ? 'a person has lowered the level and has not raised it again'
    : 'a person takes the step: gate is manual';

function offer(states: LevelStates, to: AutomationLevel, reason: string, atMs: number): LevelTold[] {
  assert(states.ladder !== null, 'there is a level');
  if (states.offered === to) return [];
  states.offered = to;
  return [
    tell(states.ladder, {
      ...{ event: 'level_open', atMs, by: '' },
      reason: `${states.ladder.level} -> ${to} is open to a person: ${reason}`,
    }),
  ];
}

/** The threshold follows what is known. A lower one lets the model decide more, which is a step up. */
function tune(states: LevelStates, spec: LadderSpec, seen: LadderSeen, isAsked: boolean): LevelTold[] {
  const { ladder } = states;
  if (ladder === null) return [];
  const next = retuned(spec, ladder, seen);
  const [before, after] = [ladder.threshold, next.threshold];
  if (after === before || after === null) return [];
  if (isAsked && (before === null || after < before)) return [];
  setLadder(states, next);
  const reason = `partial: threshold ${before ?? 'none'} -> ${after}, the smallest that is shown to be safe`;
  return [tell(next, { event: 'level', atMs: seen.atMs, by: '', reason })];
}

export const levelOf = (text: string): AutomationLevel | null =>
  AUTOMATION_LEVELS.find((known) => known === text) ?? null;

export const noLevel = (text: string): string => `'${text}' is none of ${AUTOMATION_LEVELS.join(', ')}`;

/** A person sets the level, up to the highest; the threshold of partial is the safe one. */
export function commandLevels(
  states: LevelStates,
  spec: AutomationSpec,
  active: string,
  { target, by, reason }: Pick<Command, 'target' | 'by' | 'reason'>,
  atMs: number,
): LevelTold[] {
  const { ladder } = states;
  if (ladder === null) return [];
  const refuse = (text: string): LevelTold[] => [
    tell(ladder, { event: 'refused', atMs, by, reason: `level: ${text}` }),
  ];
  const level = levelOf(target);
  if (level === null) return refuse(noLevel(target));
  const own = ladderSpecOf(spec);
  const isPartial = level === 'partial';
  const safe = isPartial ? safeThreshold(own, { cells: cellsOf(states.models[active]) }) : null;
  if (isPartial && safe === null && rankOf(level) <= rankOf(spec.upTo))
    return refuse('no threshold of confidence is shown to be safe yet');
  const asked = { level, threshold: safe === null ? null : safe.threshold, atMs, by, why: reason };
  const step = setLevel(own, ladder, asked);
  if (step.move === null) return refuse(step.missing ?? '');
  if (level !== ladder.level) states.isHeld = rankOf(level) < rankOf(ladder.level);
  return take(states, active, step);
}
