import type { JSX } from 'solid-js';
import { TopBar } from '../../parts/top-bar.js';

/** In the making. */
export function Metrics(): JSX.Element {
  return <TopBar title="Metrics" />;
}
