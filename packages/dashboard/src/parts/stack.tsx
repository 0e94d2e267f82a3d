import { createMemo, createSignal, For, Show, type JSX } from 'solid-js';
import './parts.css';

/** One line of a stack trace. */
interface Frame {
  readonly text: string;
  /** Of the program itself, not of a library or the runtime. */
  readonly own: boolean;
}

/** Cuts a stack trace into lines; what lies in node_modules or the runtime is not the program's. */
export function stackFrames(stack: string): Frame[] {
  return stack
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line.trim() !== '')
    .map((text) => ({
      text: text.trim(),
      own: !/node_modules|node:|<anonymous>|site-packages|\bjava\.|\bsun\./.test(text),
    }));
}

/** A stack trace: the program's frames, the others on demand. */
export function Stack(props: { stack: string; class?: string }): JSX.Element {
  const [open, setOpen] = createSignal(false);
  // The first line repeats type and message, which stand above.
  const frames = createMemo(() => stackFrames(props.stack).slice(1));
  const hidden = (): number => frames().filter((frame) => !frame.own).length;
  return (
    <div class={`stack m ${props.class ?? ''}`}>
      <For each={frames().filter((frame) => open() || frame.own)}>
        {(frame) => <div classList={{ t3: !frame.own }}>{frame.text}</div>}
      </For>
      <Show when={!open() && hidden() > 0}>
        <button type="button" class="stack-more" onClick={() => setOpen(true)}>
          {hidden()} frames of libraries and the runtime
        </button>
      </Show>
    </div>
  );
}
