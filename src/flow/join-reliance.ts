/**
 * What people and models decided on a request, as soon as what it takes is known: the answer of the version that acted, what people decided, and the truth. All of it
 * is a function of the times at which these became known, never of the order in which they were read.
 */

import { peopleOf } from '../metric/reliance.ts';
import { keyText } from '../profile/track.ts';
import type { AutomationSpec, OutputSpec } from '../records.ts';
import { ROUTED_DECISIONS, type RoutedDecision } from '../router/headers.ts';
import { answerOf, truthOf } from './join-answers.ts';
import { cellsOf } from './join-cells.ts';
import { ROUTED } from './join-columns.ts';
import { increment, isRight, type Place } from './join-measures.ts';
import { BASE_MS, type JoinFold } from './join-state.ts';
import { foldUnseen, foldUnseenPairs } from './unseen.ts';

/** A request of a service with degrees of automation. */
interface Seen {
  row: number;
  automation: AutomationSpec;
  output: OutputSpec;
  /** Number of the output among all. */
  index: number;
  /** Of the version that acted; the number of models: it is none of them. */
  model: number;
  /** Null: nobody says. */
  decided: RoutedDecision | null;
}

function seenOf({ spec, requests, layout }: JoinFold, row: number): Seen | null {
  const { automation, outputs } = spec;
  const index = outputs.findIndex(({ name }) => name === automation?.output);
  if (automation === undefined || index < 0 || layout.routed < 0) return null;
  const at = row * requests.stride + layout.routed;
  const [model, decided] = [requests.numbers[at + ROUTED.model]!, requests.numbers[at + ROUTED.decided]!];
  return {
    ...{ row, automation, output: outputs[index]!, index },
    // Where nobody says who answered, it was the primary.
    model: Number.isNaN(model) ? 0 : model,
    decided: ROUTED_DECISIONS[decided] ?? null,
  };
}

/** Counts under the version that acted. */
function count(
  fold: JoinFold,
  { row, model, output }: Seen,
  knownMs: number,
  names: readonly string[],
): void {
  const version = fold.spec.models[model]?.name;
  if (version === undefined || names.length === 0) return;
  const key = keyText({ role: 'reliance', model: version, subject: output.name });
  for (const cell of cellsOf(fold, row, knownMs)) for (const name of names) increment(cell, key, name);
}

/** A request has come: who decides on it. */
export function foldDecider(fold: JoinFold, row: number, timeMs: number): void {
  const seen = seenOf(fold, row);
  if (seen === null || seen.decided === null) return;
  count(fold, seen, timeMs, ['requests', `by_${seen.decided}`]);
}

const named = (name: string, isSo: boolean, then: string): string[] => (isSo ? [name, then] : [name]);

/** The label has come, or what people decided: what is complete with it. */
export function foldReliance(fold: JoinFold, row: number, isLabel: boolean): void {
  const seen = seenOf(fold, row);
  if (seen === null || seen.model >= fold.spec.models.length) return;
  const { numbers, stride } = fold.requests;
  const at = row * stride;
  const [truthMs, externalMs] = [numbers[at + fold.layout.truthMs]!, numbers[at + fold.layout.externalMs]!];
  const people = peopleOf(fold.spec);
  if (isLabel) foldTruth(fold, seen, truthMs);
  if (people === 'labels') {
    if (isLabel) foldOverride(fold, seen, truthOf(fold, row, seen.index), truthMs);
  } else if (people === 'stream') {
    const decision = answerOf(fold, row, fold.spec.models.length, seen.index);
    if (!isLabel) foldOverride(fold, seen, decision, Math.max(externalMs, numbers[at + BASE_MS]!));
    // NaN where one of them is still to come.
    const knownMs = Math.max(truthMs, externalMs);
    if (!Number.isNaN(knownMs)) foldPeople(fold, seen, decision, knownMs);
  }
}

const suggestionOf = (fold: JoinFold, { row, model, index }: Seen): Place =>
  answerOf(fold, row, model, index);

/** The model against the truth. Where labels are what people decided, those of people who saw its answer are none. */
function foldTruth(fold: JoinFold, seen: Seen, knownMs: number): void {
  const { row, output, index, automation, decided } = seen;
  const truth = truthOf(fold, row, index);
  const isPeople = automation.labels === 'people';
  if (isPeople) foldUnseen(fold, seen, truth, knownMs);
  if (isPeople && decided !== 'blind') return;
  const right = isRight(output, suggestionOf(fold, seen), truth);
  if (right === undefined) return;
  const names = named('labelled', !right, 'model_wrong');
  if (decided === 'model')
    names.push(...named('decided', !right, 'decided_wrong'), ...named('team', !right, 'team_wrong'));
  count(fold, seen, knownMs, names);
}

/** A person who was shown the suggestion decides otherwise, or not. */
function foldOverride(fold: JoinFold, seen: Seen, decision: Place, knownMs: number): void {
  if (seen.decided !== 'person') return;
  const isSame = isRight(seen.output, suggestionOf(fold, seen), decision);
  if (isSame !== undefined) count(fold, seen, knownMs, named('shown', !isSame, 'overridden'));
}

/** People against a truth of its own. */
function foldPeople(fold: JoinFold, seen: Seen, decision: Place, knownMs: number): void {
  const { row, output, index, decided } = seen;
  const truth = truthOf(fold, row, index);
  foldUnseenPairs(fold, seen, { decision, truth }, knownMs);
  const isPersonRight = isRight(output, decision, truth);
  if (isPersonRight === undefined || decided === null || decided === 'model') return;
  const names = named('team', !isPersonRight, 'team_wrong');
  if (decided === 'blind') names.push(...named('blind', !isPersonRight, 'blind_wrong'));
  else {
    const suggestion = suggestionOf(fold, seen);
    const isModelRight = isRight(output, suggestion, truth);
    const isSame = isRight(output, suggestion, decision);
    if (isModelRight === true) names.push(...named('right_shown', isSame === false, 'under_relied'));
    if (isModelRight === false) names.push(...named('wrong_shown', isSame === true, 'over_relied'));
  }
  count(fold, seen, knownMs, names);
}
