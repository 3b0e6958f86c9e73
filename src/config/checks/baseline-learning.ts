import type { Season } from '../../records.ts';
import type { Report } from '../document.ts';
import type { View } from '../view.ts';

const DAY_MS = 86_400_000;
const CYCLE_MS: Record<Season, number> = { hour_of_day: DAY_MS, hour_of_week: 7 * DAY_MS };

/** Settings of learned and seasonal references that do not go together. */
export function checkLearning(view: View, report: Report): void {
  const { learn, season } = view.baseline ?? {};
  if (learn?.first !== undefined && learn.lag !== undefined) {
    report(['baseline', 'learn', 'lag'], {
      message: 'lag belongs to rolling; the first windows are kept as they are',
    });
  }
  const size = view.windows?.size;
  if (season !== undefined && size !== undefined && size > CYCLE_MS[season]) {
    report(['baseline', 'season'], {
      message: `windows of ${size} ms are longer than the cycle of ${season}, ${CYCLE_MS[season]} ms; leave season away, or make windows.size smaller`,
    });
  }
}
