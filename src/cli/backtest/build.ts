/** Both sides of one service beside each other, as data. */

import type { Retrain } from '../../records.ts';
import { differingParts, type RuleChange, ruleChanges } from './changes.ts';
import { type Compared, type ComparedAlarms, compareAlarms, compareSpells, type Move } from './compare.ts';
import { type Episode, episodesOf, lastedMs, type Request, requestsOf } from './episodes.ts';
import type { Incident } from './incidents.ts';
import type { KnownAlert } from './known.ts';
import { isSeen, type Score, type Span, scoreOf, type Verdict, verdictOf } from './score.ts';
import type { Both } from './sides.ts';

/** What was heard of one side. */
export interface Told {
  alerted: readonly KnownAlert[];
  retrained: readonly Retrain[];
  dead: number;
}

export interface Tally {
  alarms: number;
  /** Time in which at least one of them fires. */
  firingMs: number;
}

export interface RuleRow extends RuleChange {
  before: Tally;
  after: Tally;
}

export interface Judged {
  before: Score;
  after: Score;
  verdict: Verdict;
  slackMs: number;
  /** Incidents of which the data say nothing. */
  unseen: Incident[];
}

export interface ServiceBacktest {
  service: string;
  span: Span;
  /** Records of the files, or recorded results. */
  read: number;
  dead: { before: number; after: number };
  /** Parts of the configuration that differ. */
  parts: string[];
  /** What else is to be known, in words. */
  notes: string[];
  rules: RuleRow[];
  alarms: ComparedAlarms;
  retrains: Compared<Request, Move<Request>>;
  /** Null: what really happened was not given. */
  judged: Judged | null;
}

export interface Parts {
  service: string;
  /** As they are compared. */
  specs: Both;
  span: Span;
  read: number;
  notes: string[];
  before: Told;
  after: Told;
  /** Null: not given; otherwise those of all services. */
  incidents: readonly Incident[] | null;
  slackMs: number;
}

export function backtestOf(parts: Parts): ServiceBacktest {
  const { service, specs, span, read, notes, before, after } = parts;
  const [left, right] = [episodesOf(before.alerted), episodesOf(after.alerted)];
  const changes = ruleChanges(specs.current, specs.candidate);
  const tallyOf = (episodes: readonly Episode[], rule: string): Tally => {
    const own = episodes.filter((episode) => episode.rule === rule);
    return { alarms: own.length, firingMs: lastedMs(own, span.toMs) };
  };
  return {
    service,
    span,
    read,
    dead: { before: before.dead, after: after.dead },
    parts: differingParts(specs.current, specs.candidate),
    notes,
    rules: changes.map((change) => ({
      ...change,
      before: tallyOf(left, change.rule),
      after: tallyOf(right, change.rule),
    })),
    alarms: compareAlarms(left, right),
    retrains: compareSpells(requestsOf(before.retrained), requestsOf(after.retrained)),
    judged: parts.incidents === null ? null : judge(parts, parts.incidents, left, right),
  };
}

function judge(
  { service, specs, span, slackMs }: Parts,
  all: readonly Incident[],
  left: readonly Episode[],
  right: readonly Episode[],
): Judged {
  const own = all.filter((incident) => incident.service === service);
  const incidents = own.filter((incident) => isSeen(incident, span, slackMs));
  const truth = { incidents, span, slackMs };
  const [before, after] = [scoreOf(left, truth), scoreOf(right, truth)];
  const windowMs = Math.max(specs.current.windows.sizeMs, specs.candidate.windows.sizeMs);
  const verdict = verdictOf(before, after, windowMs);
  return { before, after, verdict, slackMs, unseen: own.filter((incident) => !incidents.includes(incident)) };
}

/** Whether anything came out otherwise. */
export const isDifferent = ({ alarms, retrains, dead }: ServiceBacktest): boolean =>
  [alarms, retrains].some(
    ({ appear, disappear, moves }) => appear.length + disappear.length + moves.length > 0,
  ) || dead.before !== dead.after;
