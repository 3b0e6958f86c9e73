import type { Report } from '../document.ts';
import type { View } from '../view.ts';

/** Ranges, positive classes, windows, and the inputs of segments. */
export function checkEntries(view: View, report: Report): void {
  for (const [name, input] of view.inputs) {
    if (input?.type !== 'numeric' || input.range === undefined) continue;
    const [low, high] = input.range;
    if (low >= high) {
      report(['inputs', name, 'range'], {
        message: `found [${low}, ${high}], allowed: [low, high] with low < high`,
      });
    }
  }
  for (const [name, output] of view.outputs) {
    if (output?.type !== 'classifier' || output.positive === undefined) continue;
    if (!output.classes.includes(output.positive)) {
      report(['outputs', name, 'positive'], { allowed: output.classes });
    }
  }
  const windows = view.windows;
  if (windows?.hop !== undefined && windows.size % windows.hop !== 0) {
    report(['windows', 'hop'], {
      message: `the size of ${windows.size} ms is not a multiple of the hop of ${windows.hop} ms`,
    });
  }
  checkSegments(view, report);
}

function checkSegments(view: View, report: Report): void {
  const seen = new Map<string, number>();
  const categorical = [...view.inputs].filter(([, input]) => input === null || input.type === 'categorical');
  (view.segments ?? []).forEach((segment, i) => {
    segment.forEach((name, j) => {
      const input = view.inputs.get(name);
      if (input === null || input?.type === 'categorical') return;
      if (input === undefined) {
        const allowed = categorical.map(([other]) => other);
        report(['segments', i, j], {
          found: `the input '${name}'`,
          allowed: allowed.length > 0 ? allowed : ['an input of the type categorical'],
        });
      } else {
        report(['segments', i, j], { message: `the input '${name}' is ${input.type}, allowed: categorical` });
      }
    });
    const key = [...segment].sort().join(',');
    const other = seen.get(key);
    if (other === undefined) seen.set(key, i);
    else report(['segments', i], { message: `the same as segments[${other}]` });
  });
}
