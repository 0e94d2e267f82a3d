import { createMemo, createSignal, For, Show, type JSX } from 'solid-js';
import { stackFrames, type StackFrame } from '../base/stack.js';
import './parts.css';

/** Frames shown before the rest is asked for. */
const FIRST_FRAMES = 6;

/** A stack trace: the first frames of the program itself, all others on demand. */
export function Stack(props: { stack: string; class?: string }): JSX.Element {
  const [open, setOpen] = createSignal(false);
  const frames = createMemo(() => stackFrames(props.stack));
  const shown = (): readonly StackFrame[] => {
    if (open()) return frames();
    const own = frames().filter((frame) => frame.own);
    return (own.length > 0 ? own : frames()).slice(0, FIRST_FRAMES);
  };
  const hidden = (): number => frames().length - shown().length;
  return (
    <div class={`stack m ${props.class ?? ''}`}>
      <For each={shown()}>
        {(frame) => (
          <div class="stack-frame" classList={{ t3: !frame.own }} title={frame.text}>
            <Show when={frame.place !== ''} fallback={<span class="el">{frame.text}</span>}>
              <span class="el">{frame.name === '' ? '(anonymous)' : frame.name}</span>
              <span class="stack-place">{frame.place}</span>
            </Show>
          </div>
        )}
      </For>
      <Show when={hidden() > 0}>
        <button type="button" class="stack-more" onClick={() => setOpen(true)}>
          {hidden() === 1 ? '1 more frame' : `${hidden()} more frames`}
        </button>
      </Show>
    </div>
  );
}
