/** Which page is shown: the address alone says it, so that every page can be linked to. */

import { signal } from '@preact/signals';

export interface Place {
  /** Decoded, without the first slash: ['services', 'fraud', 'inputs']. */
  path: string[];
  query: URLSearchParams;
}

function read(): Place {
  const { pathname, search } = window.location;
  const path = pathname
    .split('/')
    .filter((part) => part !== '')
    .map((part) => {
      try {
        return decodeURIComponent(part);
      } catch {
        return part;
      }
    });
  return { path, query: new URLSearchParams(search) };
}

export const place = signal<Place>({ path: [], query: new URLSearchParams() });

/** '/services/NAME/inputs' of ['services', 'NAME', 'inputs'] */
export const hrefOf = (path: readonly string[], query: Record<string, string> = {}): string => {
  const search = new URLSearchParams(query).toString();
  return `/${path.map(encodeURIComponent).join('/')}${search === '' ? '' : `?${search}`}`;
};

/** @param how replace: the way back does not lead here */
export function go(href: string, how: 'push' | 'replace' = 'push'): void {
  if (how === 'push') window.history.pushState(null, '', href);
  else window.history.replaceState(null, '', href);
  const before = place.value.path.join('/');
  place.value = read();
  if (how === 'push' && place.value.path.join('/') !== before) {
    window.scrollTo(0, 0);
    // Readers of screens hear the new page from its beginning.
    requestAnimationFrame(() => document.querySelector<HTMLElement>('h1')?.focus());
  }
}

/** Links to pages are followed without loading the document anew. */
function onClick(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = (event.target as Element).closest?.('a');
  if (link?.target !== '' || link.origin !== window.location.origin) return;
  if (link.hasAttribute('download') || link.pathname.startsWith('/api/')) return;
  if (link.pathname === window.location.pathname && link.hash !== '') return;
  event.preventDefault();
  go(link.pathname + link.search);
}

export function startRouter(): void {
  place.value = read();
  window.addEventListener('popstate', () => {
    place.value = read();
  });
  document.addEventListener('click', onClick);
}
