import type { Report } from '../document.ts';

/** Reports every name that stands a second time in the list under `section`. */
export function checkUnique(names: readonly (string | null)[], section: string, report: Report): void {
  const first = new Map<string, number>();
  names.forEach((name, i) => {
    if (name === null) return;
    const other = first.get(name);
    if (other === undefined) first.set(name, i);
    else
      report([section, i, 'name'], { message: `the name '${name}' is already that of ${section}[${other}]` });
  });
}
