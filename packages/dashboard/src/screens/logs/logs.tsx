import type { JSX } from 'solid-js';
import { TopBar } from '../../parts/top-bar.js';

/** In the making. */
export function Logs(): JSX.Element {
  return <TopBar title="Logs" />;
}
