import type { ServiceBacktest } from './build.ts';
import type { Move, Pair } from './compare.ts';
import type { Episode, Request, Spell } from './episodes.ts';
import type { Incident } from './incidents.ts';
import type { Score } from './score.ts';
import { moveWords, shiftWords } from './words.ts';

const time = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());
const timesOf = ({ fromMs, toMs }: Spell) => ({ from: time(fromMs), to: time(toMs) });

function episodeOf({
  rule,
  metric,
  subject,
  model,
  segment,
  level,
  knownMs,
  reason,
  ...spell
}: Episode): object {
  return { rule, metric, subject, model, segment, level, ...timesOf(spell), known: time(knownMs), reason };
}

const requestOf = ({ reason, ...spell }: Request): object => ({ at: time(spell.fromMs), reason });

const movesOf = <T extends Spell, M extends Move<T>>(
  moves: readonly M[],
  oneOf: (one: T) => object,
  wordsOf: (move: M) => string[],
): object[] =>
  moves.map((move) => ({
    before: oneOf(move.before),
    after: oneOf(move.after),
    shiftMs: move.shiftMs,
    changes: wordsOf(move),
  }));

const staysOf = <T>(stays: readonly Pair<T>[], oneOf: (one: T) => object): object[] =>
  stays.map(({ after }) => oneOf(after));

const incidentOf = ({ what, ...spell }: Incident): object => ({ what, ...timesOf(spell) });

const scoreOf = ({ found, falseAlarms, falsePer30d }: Score): object => ({
  found: found.filter(({ first }) => first !== null).length,
  missed: found.filter(({ first }) => first === null).length,
  incidents: found.map(({ incident, first, delayMs }) => ({
    ...incidentOf(incident),
    delayMs,
    alarm: first === null ? null : episodeOf(first),
  })),
  falseAlarms: falseAlarms.map(episodeOf),
  falsePer30d,
});

/** The backtest as programs get it. */
export function jsonOfBacktest({ span, alarms, retrains, judged, ...rest }: ServiceBacktest): object {
  return {
    ...rest,
    ...timesOf(span),
    alarms: {
      appear: alarms.appear.map(episodeOf),
      disappear: alarms.disappear.map(episodeOf),
      moves: movesOf(alarms.moves, episodeOf, moveWords),
      stays: staysOf(alarms.stays, episodeOf),
    },
    retrains: {
      appear: retrains.appear.map(requestOf),
      disappear: retrains.disappear.map(requestOf),
      moves: movesOf(retrains.moves, requestOf, (move) => [`comes ${shiftWords(move)}`]),
      stays: staysOf(retrains.stays, requestOf),
    },
    incidents:
      judged === null
        ? null
        : {
            slackMs: judged.slackMs,
            before: scoreOf(judged.before),
            after: scoreOf(judged.after),
            better: {
              incidents: judged.verdict.incidents,
              delay: judged.verdict.delay,
              falseAlarms: judged.verdict.falseAlarms,
            },
            worse: judged.verdict.worse,
            unseen: judged.unseen.map(incidentOf),
          },
  };
}
