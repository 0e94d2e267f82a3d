/** What a key does: its action and, for the sheet of keys, what it is called. */
export interface KeyAction {
  readonly run: () => void;
  readonly label: string;
  /** Works in inputs too (Escape, ⌘K). Default false. */
  readonly inInputs?: boolean;
}

/** Keys as `KeyboardEvent.key` gives them, with `mod+` (⌘ or Ctrl), `ctrl+`, `alt+`, `shift+`. */
export type Keymap = { readonly [chord: string]: KeyAction };

const CHORD_MILLIS = 1200;

/** The name of a pressed key in a keymap. */
export function chordOf(event: KeyboardEvent): string {
  const key = event.key.length === 1 ? event.key : event.key;
  const letter = /^[a-zA-Z]$/.test(key);
  let chord = '';
  if (event.metaKey) chord += 'mod+';
  else if (event.ctrlKey) chord += event.shiftKey || event.altKey ? 'ctrl+' : 'mod+';
  if (event.altKey) chord += 'alt+';
  // A shifted letter is told by its case; a shifted sign ("?") by itself.
  if (event.shiftKey && (event.ctrlKey || event.metaKey || (!letter && key.length > 1))) {
    chord += 'shift+';
  }
  return chord + (event.ctrlKey || event.metaKey ? key.toLowerCase() : key);
}

/** Whether the event's target takes text, so that single keys belong to it. */
export function takesText(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}

const layers: Keymap[] = [];
let prefix = '';
let prefixUntil = 0;

/** Puts a keymap on top; the newest layer that knows a key gets it. Returns what takes it off. */
export function pushKeymap(keymap: Keymap): () => void {
  layers.push(keymap);
  return () => {
    const at = layers.lastIndexOf(keymap);
    if (at >= 0) layers.splice(at, 1);
  };
}

/** Every key that works now, the topmost meaning of each. */
export function activeKeys(): { readonly chord: string; readonly label: string }[] {
  const seen = new Map<string, string>();
  for (let i = layers.length - 1; i >= 0; i -= 1) {
    for (const [chord, action] of Object.entries(layers[i] ?? {})) {
      if (!seen.has(chord)) seen.set(chord, action.label);
    }
  }
  return [...seen].map(([chord, label]) => ({ chord, label }));
}

function find(chord: string): KeyAction | undefined {
  for (let i = layers.length - 1; i >= 0; i -= 1) {
    const action = layers[i]?.[chord];
    if (action !== undefined) return action;
  }
  return undefined;
}

/** Runs what a key press means; two-key chords are written `g t`. */
export function dispatchKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing) return;
  if (event.key === 'Shift' || event.key === 'Control' || event.key === 'Meta') return;
  const chord = chordOf(event);
  const typing = takesText(event.target);
  const full = prefix !== '' && event.timeStamp < prefixUntil ? `${prefix} ${chord}` : chord;
  prefix = '';
  const action = find(full) ?? (full === chord ? undefined : find(chord));
  if (action !== undefined) {
    if (typing && action.inInputs !== true) return;
    // Enter and space on a focused button or link are that element's own.
    if ((chord === 'Enter' || chord === ' ') && ownsActivation(event.target)) return;
    event.preventDefault();
    action.run();
  } else if (!typing && chord === 'g') {
    prefix = chord;
    prefixUntil = event.timeStamp + CHORD_MILLIS;
  }
}

function ownsActivation(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && /^(BUTTON|A|SUMMARY)$/.test(target.tagName);
}
