import { createSignal, type Accessor } from 'solid-js';

/** What the person chose. */
export type ThemeChoice = 'dark' | 'light' | 'system';
/** What is on. */
export type Theme = 'dark' | 'light';

const KEY = 'codomyrmex.theme';
const lightPreferred = window.matchMedia('(prefers-color-scheme: light)');

function stored(): ThemeChoice {
  const value = readSetting(KEY);
  return value === 'dark' || value === 'light' ? value : 'system';
}

/** A setting of this browser; undefined when there is none or storage is closed. */
export function readSetting(key: string): string | undefined {
  try {
    return window.localStorage.getItem(key) ?? undefined;
  } catch {
    // Storage is closed to this page (private window): the setting lives until the tab closes.
    return undefined;
  }
}

/** Keeps a setting in this browser, if it lets us. */
export function writeSetting(key: string, value: string): void {
  try {
    window.localStorage.setItem(key, value);
  } catch {
    // As above: the page works without it.
  }
}

const [choice, setChoice] = createSignal<ThemeChoice>(stored());
const [theme, setTheme] = createSignal<Theme>(themeOf(choice()));

function themeOf(chosen: ThemeChoice): Theme {
  if (chosen !== 'system') return chosen;
  return lightPreferred.matches ? 'light' : 'dark';
}

function apply(): void {
  const next = themeOf(choice());
  document.documentElement.dataset['theme'] = next;
  setTheme(next);
}

lightPreferred.addEventListener('change', apply);

/** What the person chose. */
export const themeChoice: Accessor<ThemeChoice> = choice;
/** The theme that is on; canvases redraw when it changes. */
export const currentTheme: Accessor<Theme> = theme;

/** Sets and keeps the theme. */
export function chooseTheme(next: ThemeChoice): void {
  setChoice(next);
  writeSetting(KEY, next);
  apply();
}

/** Dark, light, system, and round again. */
export function nextTheme(): void {
  const order: readonly ThemeChoice[] = ['dark', 'light', 'system'];
  chooseTheme(order[(order.indexOf(choice()) + 1) % order.length] ?? 'system');
}
