import type { JSX } from 'solid-js';
import { TopBar } from '../../parts/top-bar.js';

/** In the making. */
export function Views(): JSX.Element {
  return <TopBar title="Views" />;
}
