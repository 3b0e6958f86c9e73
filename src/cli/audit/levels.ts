/** Steps of the level once more, from what their records say that they rest on; and whether each goes on where the one before ended. */

import { canonicalJson } from '../../config/digest.ts';
import { messageOf } from '../../errors.ts';
import type { AutomationLevel, RolloutRecord, ServiceSpec } from '../../records.ts';
import type { LadderState } from '../../rollout/automation.ts';
import { followSeen, type LevelSeen } from '../../rollout/level-seen.ts';
import type { LevelStates, LevelTold } from '../../rollout/levels.ts';
import { activeOf, parseTable } from '../../router/table.ts';
import type { Placed } from '../rollout/records.ts';
import { type Fault, faultOf } from './chain.ts';
import { isOfLevel } from './verdicts.ts';

export interface LevelAudit {
  /** Records whose level, threshold and reason follow from what they rest on. */
  checked: number;
  faults: Fault[];
}

/** Level and threshold of the last routing table, and the version that is its primary. */
interface Standing {
  level: AutomationLevel;
  threshold: number | null;
  active: string;
  blind: number;
}

/** What one look or command gave; a record for each. */
interface Look {
  text: string;
  seen: LevelSeen;
  told: LevelTold[];
  /** Number of the one that the last record was. */
  at: number;
}

interface Past {
  standing: Standing;
  look: Look | null;
  /** After the last step. Null: there was none. */
  after: Pick<LevelStates, 'ladder' | 'isHeld'> | null;
  /** A step of a roll-out has the lower level already that the next record is about. */
  isLowered: boolean;
  /** The section as JSON, by the digest of the configuration. */
  specs: Map<string, string>;
}

type Report = (message: string) => void;

/** What `RolloutRecord.levelSeen` says; throws where it is none. */
export const levelSeenOf = ({ levelSeen }: Pick<RolloutRecord, 'levelSeen'>): LevelSeen =>
  JSON.parse(levelSeen) as LevelSeen;

/**
 * @param records of one service, in order
 * @param spec of the service as it is configured now; null: it is not known
 */
export function auditLevels(records: readonly Placed[], spec: ServiceSpec | null): LevelAudit {
  const audit: LevelAudit = { checked: 0, faults: [] };
  const past: Past = {
    ...{ standing: { level: 'full', threshold: null, active: '', blind: 0 }, look: null, after: null },
    ...{ isLowered: false, specs: new Map() },
  };
  if (spec?.automation !== undefined) past.specs.set(spec.digest, canonicalJson(spec.automation));
  for (const one of records) {
    const { record } = one;
    const faults: string[] = [];
    try {
      const now = standingOf(record, past.standing);
      if (record.levelSeen !== '') checkSeen(record, now, past, (text) => faults.push(text));
      else checkUnseen(record, now, past, (text) => faults.push(text));
      past.standing = now;
    } catch (error) {
      faults.push(`its level cannot be computed: ${messageOf(error)}`);
    }
    if (faults.length === 0 && record.levelSeen !== '') audit.checked++;
    audit.faults.push(...faults.map((message) => faultOf(one, message)));
  }
  return audit;
}

function standingOf({ table }: RolloutRecord, before: Standing): Standing {
  if (table === '') return before;
  const parsed = parseTable(table);
  const { level, threshold = null, blind = 0 } = parsed;
  return { level, threshold, active: activeOf(parsed), blind };
}

const wordsOf = ({ level, threshold }: Pick<Standing, 'level' | 'threshold'>): string =>
  threshold === null ? level : `${level} from ${threshold} on`;

const isSame = (a: Standing, b: Standing): boolean => a.level === b.level && a.threshold === b.threshold;

/** A record without evidence: a step of a roll-out, or a person who sets the level of a service without automation. */
function checkUnseen(record: RolloutRecord, now: Standing, past: Past, report: Report): void {
  const { by, event, reason } = record;
  const before = past.standing;
  if (past.isLowered) report(`the level was ${wordsOf(before)} before it, and no record says why`);
  past.isLowered = false;
  // Without the section nobody decides blind.
  if (now.blind !== before.blind && now.blind !== 0)
    report(`people decide ${now.blind} blind after it, ${before.blind} before, and it does not say why`);
  if (!isOfLevel(record)) {
    past.isLowered = !isSame(now, before);
    return;
  }
  if (by === '' || event !== 'level') report('it says nothing of what the level rests on');
  else if (now.threshold !== null || !`${reason}:`.startsWith(`${before.level} -> ${now.level}:`))
    report(`the level goes from ${wordsOf(before)} to ${wordsOf(now)}, and its reason is '${reason}'`);
}

function checkSeen(record: RolloutRecord, now: Standing, past: Past, report: Report): void {
  const { look } = past;
  const isNext = look !== null && look.text === record.levelSeen && look.at + 1 < look.told.length;
  if (isNext) look.at++;
  else begin(record, now, past, report);
  past.isLowered = false;
  const { told, at } = past.look!;
  const step = told[at];
  if (step === undefined) {
    report('from what it saw no step of the level follows');
    return;
  }
  const { event, atMs, by, reason } = record;
  const compare = (name: string, recorded: unknown, computed: unknown): void => {
    if (recorded !== computed) report(`computed again, ${name} is '${computed}' and not '${recorded}'`);
  };
  compare('the event', event, step.event);
  compare('the time', atMs, step.atMs);
  compare('who asked', by, step.by);
  compare('the reason', reason, step.reason);
  compare('the level', wordsOf(now), wordsOf(step));
}

/** Takes up another look or command: it has to begin where the last one ended. */
function begin(record: RolloutRecord, now: Standing, past: Past, report: Report): void {
  const { look: last, after, specs } = past;
  const left = last?.told.slice(last.at + 1) ?? [];
  if (left.length > 0) report(`before it a record is missing: ${left[0]!.reason}`);
  const seen = levelSeenOf(record);
  const section = canonicalJson(seen.spec);
  const known = specs.get(record.configDigest);
  if (known !== undefined && known !== section)
    report('its section automation is another than that of its configuration');
  specs.set(record.configDigest, known ?? section);
  const blind = seen.spec.blind ?? 0;
  if (now.blind !== blind)
    report(`by its routing table people decide ${now.blind} blind, by its section automation ${blind}`);
  checkBefore(seen, now, after, report);
  const { told, states } = followSeen(seen);
  past.look = { text: record.levelSeen, seen, told, at: 0 };
  past.after = { ladder: states.ladder, isHeld: states.isHeld };
}

const ladderText = (ladder: LadderState | null): string =>
  ladder === null ? 'none' : `${wordsOf(ladder)} since ${ladder.sinceMs}`;

function checkBefore(seen: LevelSeen, now: Standing, after: Past['after'], report: Report): void {
  const { ladder, isHeld } = seen.states;
  if (seen.cause !== 'configuration') checkActive(seen, now, report);
  // A section that was taken away and comes again begins anew.
  else if (ladder === null) return;
  if (after === null) report('the level has not begun before it');
  else if (ladderText(ladder) !== ladderText(after.ladder))
    report(
      `it goes on from the level ${ladderText(ladder)}, and that before it is ${ladderText(after.ladder)}`,
    );
  else if (isHeld !== after.isHeld)
    report(
      after.isHeld
        ? 'a person has lowered the level, and it does not say so'
        : 'it says that a person has lowered the level, and no record does',
    );
}

function checkActive(
  { states, active }: Extract<LevelSeen, { active: string }>,
  now: Standing,
  report: Report,
): void {
  if (active !== now.active)
    report(`it judges ${active}, and the primary of the routing table is ${now.active}`);
  const known = states.models[active];
  if (known?.wrong.some((wrong, cell) => !(wrong >= 0 && wrong <= known.n[cell]!)))
    report(`of the answers of ${active} more are wrong than there are`);
}
