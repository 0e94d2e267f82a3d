import { onCleanup } from 'solid-js';
import { pushKeymap, type Keymap } from '../base/keymap.js';

/** Keys that work while the calling component stands. */
export function useKeys(keymap: Keymap): void {
  onCleanup(pushKeymap(keymap));
}
