/**
 * Single-key shortcuts. They are off while somebody types, and can be turned off altogether (WCAG 2.1.4). The newest
 * component that asks for a key gets it.
 */
import { useEffect, useRef, useSyncExternalStore } from 'react';

export interface Shortcut {
  readonly what: string;
  readonly run: () => void;
}

export type Shortcuts = Readonly<Record<string, Shortcut>>;

const STORED = 'sallyport-shortcuts';
/** How long `g` waits for its letter. */
const SEQUENCE_MS = 1_500;

let layers: readonly { readonly current: Shortcuts }[] = [];
const watchers = new Set<() => void>();

function changed(next: typeof layers): void {
  layers = next;
  for (const watch of watchers) watch();
}

export const shortcutsAreOn = (): boolean => readStored() !== 'off';

function readStored(): string | null {
  try {
    return localStorage.getItem(STORED);
  } catch {
    return null;
  }
}

export function turnShortcuts(on: boolean): void {
  try {
    localStorage.setItem(STORED, on ? 'on' : 'off');
  } catch {
    // Storage may be forbidden; the choice then lasts as long as the page.
  }
  changed([...layers]);
}

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

let prefix = '';
let prefixTimer: ReturnType<typeof setTimeout> | undefined;

function onKey(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || !shortcutsAreOn()) return;
  // A dialog has the keyboard to itself.
  if (document.querySelector('[role="dialog"], [role="menu"]') !== null) return;
  const keys = `${prefix}${event.key}`;
  clearTimeout(prefixTimer);
  prefix = '';
  const shortcut = layers.findLast(({ current }) => current[keys] !== undefined)?.current[keys];
  if (shortcut !== undefined) {
    event.preventDefault();
    shortcut.run();
  } else if (event.key === 'g') {
    prefix = 'g ';
    prefixTimer = setTimeout(() => (prefix = ''), SEQUENCE_MS);
  }
}

/** Offers shortcuts as long as the component is shown. */
export function useShortcuts(shortcuts: Shortcuts): void {
  const layer = useRef(shortcuts);
  layer.current = shortcuts;
  useEffect(() => {
    if (layers.length === 0) document.addEventListener('keydown', onKey);
    changed([...layers, layer]);
    return () => {
      changed(layers.filter((other) => other !== layer));
      if (layers.length === 0) document.removeEventListener('keydown', onKey);
    };
  }, []);
}

/** Everything that can be pressed now, for the list of shortcuts. */
export function useOfferedShortcuts(): readonly (readonly [string, string])[] {
  useSyncExternalStore(
    (watch) => {
      watchers.add(watch);
      return () => watchers.delete(watch);
    },
    () => layers,
  );
  return [...new Map(layers.flatMap(({ current }) => Object.entries(current).map(([key, { what }]) => [key, what])))];
}
