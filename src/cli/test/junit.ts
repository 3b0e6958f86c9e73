/** JUnit XML, as servers of continuous integration read it. */

import type { ConfigProblem } from '../../config/types.ts';

export interface JunitCase {
  name: string;
  line: number;
  seconds: number;
  /** Null: it passed. */
  failure: { message: string; text: string } | null;
}

export interface JunitSuite {
  file: string;
  cases: readonly JunitCase[];
  /** Why none of its tests could run. */
  problems: readonly ConfigProblem[];
}

/** A suite a file and a case a test; files that could not be read are errors. */
export function junitXml(suites: readonly JunitSuite[]): string {
  const lines = ['<?xml version="1.0" encoding="UTF-8"?>'];
  lines.push(`<testsuites name="telltale test" ${countsOf(suites)}>`);
  for (const suite of suites) {
    const { file, cases, problems } = suite;
    lines.push(`  <testsuite name="${escaped(file)}" ${countsOf([suite])}>`);
    for (const { name, line, seconds, failure } of cases) {
      const of = `name="${escaped(name)}" classname="${escaped(file)}" file="${escaped(file)}" line="${line}" time="${secondsText(seconds)}"`;
      if (failure === null) lines.push(`    <testcase ${of}/>`);
      else
        lines.push(
          `    <testcase ${of}>`,
          `      <failure message="${escaped(failure.message)}">${escaped(failure.text)}</failure>`,
          '    </testcase>',
        );
    }
    for (const { line, key, message } of problems)
      lines.push(
        `    <testcase name="${escaped(key === '' ? 'the file' : key)}" classname="${escaped(file)}" file="${escaped(file)}" line="${line}" time="0.000">`,
        `      <error message="${escaped(message)}"/>`,
        '    </testcase>',
      );
    lines.push('  </testsuite>');
  }
  lines.push('</testsuites>');
  return `${lines.join('\n')}\n`;
}

function countsOf(suites: readonly JunitSuite[]): string {
  const cases = suites.flatMap((suite) => suite.cases);
  const errors = suites.reduce((sum, { problems }) => sum + problems.length, 0);
  const failures = cases.filter(({ failure }) => failure !== null).length;
  const seconds = cases.reduce((sum, one) => sum + one.seconds, 0);
  return `tests="${cases.length + errors}" failures="${failures}" errors="${errors}" skipped="0" time="${secondsText(seconds)}"`;
}

const secondsText = (seconds: number): string => seconds.toFixed(3);

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\n': '&#10;',
};

/** What XML 1.0 cannot hold at all, not even escaped: control letters, halves of pairs and two that are none. */
const NEVER = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu;

const escaped = (text: string): string =>
  text.replace(NEVER, '\u{FFFD}').replace(/[&<>"\n]/g, (char) => ENTITIES[char]!);
