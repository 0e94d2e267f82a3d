import { createEffect, createSignal, on, onCleanup, untrack, type Accessor } from 'solid-js';

/** A value, passed on at most once in `millis`: for what is computed over all rows. */
export function createSlow<T>(read: Accessor<T>, millis: number): Accessor<T> {
  const [slow, setSlow] = createSignal<T>(untrack(read), { equals: false });
  let timer: ReturnType<typeof setTimeout> | undefined;
  onCleanup(() => clearTimeout(timer));
  createEffect(
    on(
      read,
      () => {
        timer ??= setTimeout(() => {
          timer = undefined;
          setSlow(() => untrack(read));
        }, millis);
      },
      { defer: true },
    ),
  );
  return slow;
}
