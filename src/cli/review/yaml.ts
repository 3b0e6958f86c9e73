/** The YAML that a person may paste into a service file. Nothing is written by the command itself. */

import { Document, isMap } from 'yaml';
import type { Change, Finding } from './finding.ts';

type Written = Record<string, unknown>;

/** A rule as an entry of `rules`, on one line. */
export function ruleYaml(rule: Written): string {
  const document = new Document([rule]);
  const entry = document.get(0);
  if (isMap(entry)) entry.flow = true;
  return document.toString({ lineWidth: 0 }).trimEnd();
}

/** The rule with the changes in place: known keys keep their place, new ones stand last. */
function changedBy(rule: Written, changes: readonly Change[]): Written | null {
  const changed = { ...rule };
  for (const { remove, ...keys } of changes) {
    if (remove === true) return null;
    Object.assign(changed, keys);
  }
  return changed;
}

const COMMENT_CHARS = 100;

/** Comment lines of whole words. */
function comment(text: string): string[] {
  const lines: string[] = [];
  let line = '#';
  for (const word of text.split(/\s+/)) {
    if (line.length + word.length + 1 > COMMENT_CHARS && line !== '#') {
      lines.push(line);
      line = '#  ';
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}

/** Why, the old line and the new one; '' where nothing is suggested. */
export function snippetOf(rule: Written, findings: readonly Finding[]): string {
  const wanted = findings.filter(({ change }) => change !== null);
  if (wanted.length === 0) return '';
  const changed = changedBy(
    rule,
    wanted.map(({ change }) => change!),
  );
  const lines = wanted.flatMap(({ kind, evidence }) => comment(`${kind}: ${evidence}`));
  lines.push(`# old: ${ruleYaml(rule).replace(/^- /, '')}`);
  lines.push(changed === null ? '# new: without this rule' : ruleYaml(changed));
  return lines.join('\n');
}
