import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { asking } from '../model/commands.ts';
import { go } from '../model/router.ts';
import { nextTheme } from './colors.ts';

export const isHelpOpen = signal(false);

const OFF_KEY = 'telltale.shortcuts.off';
const isOff = signal(false);
/** The second key comes within so long. */
const SECOND_MS = 1_500;

const PAGES: Record<string, readonly [string, string]> = {
  o: ['/', 'overview'],
  i: ['/incidents', 'incidents'],
  d: ['/decisions', 'decisions'],
  r: ['/rollouts', 'roll-outs'],
  l: ['/dead-letters', 'dead letters'],
};

/** Letters belong to whoever types. */
const isTyping = (node: EventTarget | null): boolean =>
  node instanceof HTMLElement && (node.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(node.tagName));

let goneAtMs = Number.NEGATIVE_INFINITY;

function onKey(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  if (asking.value !== null || isOff.value) return;
  const page = PAGES[event.key];
  if (page !== undefined && event.timeStamp - goneAtMs < SECOND_MS) {
    event.preventDefault();
    goneAtMs = Number.NEGATIVE_INFINITY;
    go(page[0]);
  } else if (event.key === 'g') goneAtMs = event.timeStamp;
  else if (event.key === 't') nextTheme();
  else if (event.key === '?') isHelpOpen.value = true;
  else if (event.key === '/') {
    const filter = document.querySelector<HTMLInputElement>('[data-filter]');
    if (filter === null) return;
    event.preventDefault();
    filter.focus();
  }
}

export function startShortcuts(): void {
  try {
    isOff.value = localStorage.getItem(OFF_KEY) === '1';
  } catch {
    // They are on.
  }
  document.addEventListener('keydown', onKey);
}

function setOff(off: boolean): void {
  isOff.value = off;
  try {
    localStorage.setItem(OFF_KEY, off ? '1' : '0');
  } catch {
    // It holds until the page is closed.
  }
}

export function ShortcutHelp() {
  return isHelpOpen.value ? <Help /> : null;
}

function Help() {
  const node = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    node.current?.showModal();
  }, []);
  const close = () => node.current?.close();
  const forget = () => {
    isHelpOpen.value = false;
  };
  return (
    <dialog ref={node} class="dialog" aria-labelledby="help-title" onClose={forget}>
      <h2 id="help-title">Keyboard</h2>
      <table class="plain">
        <tbody>
          {Object.entries(PAGES).map(([key, [, name]]) => (
            <tr key={key}>
              <td>
                <kbd>g</kbd> <kbd>{key}</kbd>
              </td>
              <td>go to {name}</td>
            </tr>
          ))}
          <tr>
            <td>
              <kbd>/</kbd>
            </td>
            <td>filter what is listed</td>
          </tr>
          <tr>
            <td>
              <kbd>←</kbd> <kbd>→</kbd>
            </td>
            <td>on a chart: read it window by window, ten with Shift</td>
          </tr>
          <tr>
            <td>
              <kbd>t</kbd>
            </td>
            <td>colours: as the system, light, dark</td>
          </tr>
          <tr>
            <td>
              <kbd>?</kbd>
            </td>
            <td>this list</td>
          </tr>
        </tbody>
      </table>
      <label class="choice">
        <input
          type="checkbox"
          checked={!isOff.value}
          onChange={(event) => setOff(!event.currentTarget.checked)}
        />{' '}
        Single keys are shortcuts
      </label>
      <div class="actions">
        <button type="button" class="button" onClick={close}>
          Close
        </button>
      </div>
    </dialog>
  );
}
