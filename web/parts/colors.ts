/** Colours of the theme as a canvas needs them. */

import { signal } from '@preact/signals';

export type Theme = 'auto' | 'light' | 'dark';
const KEY = 'telltale.theme';
const THEMES: readonly Theme[] = ['auto', 'light', 'dark'];

function stored(): Theme {
  try {
    return THEMES.find((theme) => theme === localStorage.getItem(KEY)) ?? 'auto';
  } catch {
    // Storage may be forbidden; the system's wish holds then.
    return 'auto';
  }
}

export const theme = signal<Theme>('auto');
/** Counts up when colours have changed: what is drawn on a canvas must be drawn anew. */
export const repaints = signal(0);

function apply(next: Theme): void {
  theme.value = next;
  if (next === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = next;
  repaints.value++;
}

export function nextTheme(): void {
  const next = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length]!;
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // It holds until the page is closed.
  }
  apply(next);
}

export function startTheme(): void {
  apply(stored());
  window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    repaints.value++;
  });
}

/** The computed colour of a custom property, as `light-dark()` resolves in this place. */
export function colorOf(node: Element, name: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(${name})`;
  node.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
