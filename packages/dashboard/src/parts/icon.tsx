import type { JSX } from 'solid-js';
import { ICONS, type IconName } from './icons.js';

/** One icon, hidden from readers: a word stands beside it or on its button. Size in px: 14. */
export function Icon(props: { name: IconName; size?: number; class?: string }): JSX.Element {
  return (
    <svg
      aria-hidden="true"
      class={props.class}
      width={props.size ?? 14}
      height={props.size ?? 14}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width="1.75"
      stroke-linecap="round"
      stroke-linejoin="round"
      // The build's own markup (icons.ts), never anything that arrived.
      innerHTML={ICONS[props.name]}
    />
  );
}
