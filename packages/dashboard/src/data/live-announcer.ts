import { createSignal, type Accessor } from 'solid-js';

/** Readers are told at most this often. */
const QUIET_MILLIS = 5000;

const [text, setText] = createSignal('');
let next = '';
let waiting = false;
let lastMillis = Number.NEGATIVE_INFINITY;

/** What the page's live region says. */
export const announcement: Accessor<string> = text;

/** Tells readers, at most once in 5 s; the newest text wins. */
export function announce(message: string): void {
  next = message;
  if (waiting) return;
  const wait = Math.max(0, lastMillis + QUIET_MILLIS - performance.now());
  waiting = true;
  setTimeout(() => {
    waiting = false;
    lastMillis = performance.now();
    setText(next);
  }, wait);
}
