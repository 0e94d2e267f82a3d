import { For, type JSX } from 'solid-js';
import { clockText } from '../base/time.js';
import { timeZone } from '../data/shared.js';

/** Under this length seconds are told. */
const SECONDS_BELOW_MILLIS = 8 * 60_000;

/** Clock times under a chart, the first and the last at its ends. */
export function ChartEnds(props: {
  fromMillis: number;
  toMillis: number;
  count: number;
  class?: string;
}): JSX.Element {
  const span = (): number => props.toMillis - props.fromMillis;
  return (
    <div class={`chart-ends n ${props.class ?? ''}`}>
      <For each={Array.from({ length: props.count }, (_, i) => i)}>
        {(tick) => (
          <span>
            {clockText(
              props.fromMillis + (tick / Math.max(1, props.count - 1)) * span(),
              timeZone(),
            ).slice(0, span() < SECONDS_BELOW_MILLIS ? 8 : 5)}
          </span>
        )}
      </For>
    </div>
  );
}
