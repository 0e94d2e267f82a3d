import type { JSX } from 'solid-js';
import { TopBar } from '../../parts/top-bar.js';

/** In the making. */
export function Trace(props: { traceId: string }): JSX.Element {
  return <TopBar title={props.traceId} />;
}
