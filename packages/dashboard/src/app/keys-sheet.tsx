import { createSignal, For, type JSX } from 'solid-js';
import { activeKeys } from '../base/keymap.js';
import { Key } from '../parts/text.js';
import { useKeys } from '../parts/use-keys.js';
import { MODIFIER } from './platform.js';

let dialog: HTMLDialogElement | undefined;
const [keys, setKeys] = createSignal<readonly { chord: string; label: string }[]>([]);

const NAMES: { readonly [key: string]: string } = {
  ' ': 'space',
  Enter: '↵',
  ArrowUp: '↑',
  ArrowDown: '↓',
  ArrowLeft: '←',
  ArrowRight: '→',
  Escape: 'esc',
};

/** Opens the sheet of the keys that work on this screen. */
export function openKeys(): void {
  const byLabel = new Map<string, string>();
  // Two keys with one meaning (T and t) are one line: the first is the one to learn.
  for (const { chord, label } of activeKeys()) if (!byLabel.has(label)) byLabel.set(label, chord);
  setKeys([...byLabel].map(([label, chord]) => ({ chord, label })));
  dialog?.showModal();
}

function parts(chord: string): string[] {
  if (chord === ' ') return ['space'];
  return chord.split(' ').flatMap((step) => {
    const pieces = step === '+' ? ['+'] : step.split('+');
    return pieces.map((piece) => NAMES[piece] ?? (piece === 'mod' ? MODIFIER.trim() : piece));
  });
}

/** The sheet that `?` opens. */
export function KeysSheet(): JSX.Element {
  useKeys({ '?': { run: openKeys, label: 'this sheet' } });
  return (
    <dialog
      class="keys-sheet"
      aria-label="Keys"
      ref={(element) => {
        dialog = element;
      }}
      onClick={(event) => {
        if (event.target === event.currentTarget) event.currentTarget.close();
      }}
    >
      <div class="keys-box">
        <h2>Keys on this screen</h2>
        <dl>
          <For each={keys()}>
            {({ chord, label }) => (
              <div>
                <dt>
                  <For each={parts(chord)}>{(name) => <Key name={name} />}</For>
                </dt>
                <dd>{label}</dd>
              </div>
            )}
          </For>
        </dl>
        <form method="dialog">
          <button type="submit" class="btn">
            Close
          </button>
        </form>
      </div>
    </dialog>
  );
}
