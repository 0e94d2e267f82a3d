import type { Keymap } from '../base/keymap.js';

/** What moving in a list does. */
export interface ListMoves {
  /** One of the things in the list, for the sheet of keys: `trace`. */
  readonly noun: string;
  /** +1 and −1. */
  readonly move: (step: number) => void;
}

/** j, k and the arrows. */
export function listKeys({ noun, move }: ListMoves): Keymap {
  const next = { run: () => move(1), label: `next ${noun}` };
  const previous = { run: () => move(-1), label: `previous ${noun}` };
  return { j: next, k: previous, ArrowDown: next, ArrowUp: previous };
}

/** The index `step` away from `at`, within a list of `count`; −1 for an empty list. */
export function stepped(at: number, step: number, count: number): number {
  return Math.min(count - 1, Math.max(0, at + step));
}
