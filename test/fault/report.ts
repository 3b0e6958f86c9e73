import type { FaultReport } from './harness.ts';

const PROBLEMS_SHOWN = 20;

const countsText = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ') || 'none';

/** The table at the end of a run, and the first problems if there are any. */
export function tableOf(report: FaultReport): string {
  const { verdict, expected, endings, faults, folder } = report;
  const { counts, problems } = verdict;
  const ended: Record<string, number> = {};
  for (const { code, signal } of endings) {
    const how = signal ?? `exit ${code}`;
    ended[how] = (ended[how] ?? 0) + 1;
  }
  const lateExpected = Object.values(expected.late).reduce((sum, n) => sum + n, 0);
  const rows: [string, string | number][] = [
    ['seed', report.seed],
    ['rounds', Object.values(faults).reduce((sum, n) => sum + n, 0)],
    ['faults', countsText(faults)],
    ['restarts of daemons', `${endings.length} (${countsText(ended)})`],
    ['records read', report.records],
    ['writes that the producer repeated', report.producerRepeats],
    ['results, alerts, retrain events', `${counts.results}, ${counts.alerts}, ${counts.retrains}`],
    ['identical duplicates', counts.duplicates],
    ['ids with two contents', counts.conflicts],
    ['missing', counts.missing],
    ['unexpected', counts.unexpected],
    ['wrong', counts.wrong],
    ['late (expected)', `${counts.late} (${lateExpected})`],
    ['dead (expected)', `${counts.dead} (${expected.dead.size})`],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
  if (problems.length > 0) {
    lines.push('', ...problems.slice(0, PROBLEMS_SHOWN));
    if (problems.length > PROBLEMS_SHOWN) lines.push(`and ${problems.length - PROBLEMS_SHOWN} more`);
    lines.push(`logs and dumps: ${folder}`);
  }
  return lines.join('\n');
}
