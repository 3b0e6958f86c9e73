/**
 * What people decided who did not see the model's answer, as evidence of its level: labels that are such decisions, by the confidence of the model, and the model and
 * people against a truth of its own. Counted apart for requests that say that they were blind, and for those that do not say who decided (silent): these are
 * unseen only while the level is below assist, which the judge knows.
 */

import type { Counters } from '../profile/counters.ts';
import { keyText } from '../profile/track.ts';
import type { AutomationSpec, OutputSpec } from '../records.ts';
import { CONFIDENCES, createOutcomes, type Outcomes } from '../rollout/levels.ts';
import type { RoutedDecision } from '../router/headers.ts';
import { cellOf, confidenceOf } from './confidence.ts';
import { answerOf } from './join-answers.ts';
import { cellsOf } from './join-cells.ts';
import { increment, isRight, type Place } from './join-measures.ts';
import type { JoinFold } from './join-state.ts';

const SAID = ['blind', 'silent'] as const;
export type Said = (typeof SAID)[number];

interface Request {
  row: number;
  automation: AutomationSpec;
  output: OutputSpec;
  index: number;
  decided: RoutedDecision | null;
}

const saidOf = ({ decided }: Request): Said | null =>
  decided === null ? 'silent' : decided === 'blind' ? decided : null;

export const unseenKey = (model: string, output: string): string =>
  keyText({ role: 'unseen', model, subject: output });

function count(fold: JoinFold, { row, output }: Request, model: number, knownMs: number, name: string): void {
  const key = unseenKey(fold.spec.models[model]!.name, output.name);
  for (const cell of cellsOf(fold, row, knownMs)) increment(cell, key, name);
}

/** The answers of all models against the label; those without a score count as wrong, since nothing is known of them. */
export function foldUnseen(fold: JoinFold, request: Request, truth: Place, knownMs: number): void {
  const said = saidOf(request);
  if (said === null) return;
  fold.spec.models.forEach((_, model) => {
    const answer = answerOf(fold, request.row, model, request.index);
    const right = isRight(request.output, answer, truth);
    if (right === undefined) return;
    const confidence = confidenceOf(
      request.output,
      answer.numbers[answer.at]!,
      answer.numbers[answer.at + 1]!,
    );
    const isKnown = !Number.isNaN(confidence);
    const cell = isKnown ? cellOf(confidence) : 0;
    count(fold, request, model, knownMs, `${said}:${right && isKnown ? 'right' : 'wrong'}:${cell}`);
  });
}

/** The answers of all models and what people decided against the truth. */
export function foldUnseenPairs(
  fold: JoinFold,
  request: Request,
  { decision, truth }: { decision: Place; truth: Place },
  knownMs: number,
): void {
  const said = saidOf(request);
  if (said === null || request.automation.margin === undefined) return;
  const ofPeople = isRight(request.output, decision, truth);
  fold.spec.models.forEach((_, model) => {
    const ofModel = isRight(request.output, answerOf(fold, request.row, model, request.index), truth);
    if (ofModel === undefined || ofPeople === undefined) return;
    const name = ofModel === ofPeople ? 'tied' : ofModel ? 'better' : 'worse';
    count(fold, request, model, knownMs, `${said}:${name}`);
  });
}

/** What a track of `unseenKey` holds. */
export function unseenOf(state: Counters, said: Said): Required<Outcomes> {
  const at = (name: string): number => state.get(`${said}:${name}`) ?? 0;
  const [better, worse] = [at('better'), at('worse')];
  const outcomes = { ...createOutcomes(), pairs: { n: at('tied') + better + worse, better, worse } };
  CONFIDENCES.forEach((_, cell) => {
    outcomes.wrong[cell] = at(`wrong:${cell}`);
    outcomes.n[cell] = at(`right:${cell}`) + at(`wrong:${cell}`);
  });
  return outcomes;
}
