import type { Report } from '../document.ts';
import type { View } from '../view.ts';

/** Looks at labels in between, and how many panes wait for labels at once. */
export function checkJoin(view: View, report: Report): void {
  const { join, windows, limits } = view;
  if (join === null || windows === null || limits === null) return;
  join.revise_after?.forEach((afterMs, i) => {
    if (afterMs < join.max_delay) return;
    report(['join', 'revise_after', i], {
      message: 'not before join.max_delay, after which the results are final anyway',
    });
  });
  const isJoined = view.streams.has('labels') || view.streams.has('feedback');
  const hopMs = windows.hop ?? windows.size;
  const panes = Math.ceil((join.max_delay + windows.size + windows.grace) / hopMs) + 1;
  if (!isJoined || panes <= limits.open_windows_max) return;
  report(['join', 'max_delay'], {
    message:
      `${panes} windows would wait for labels at once, limits.open_windows_max is ${limits.open_windows_max}; ` +
      'use longer windows, a shorter delay or a higher limit',
  });
}
