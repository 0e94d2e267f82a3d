import { For, Show, type JSX } from 'solid-js';
import { serviceClass } from '../base/colour.js';
import { durationOf, type Quantity } from '../base/time.js';

/** A number with its unit in the weaker colour. */
export function Measure(props: { of: Quantity }): JSX.Element {
  return (
    <span class="n">
      {props.of.value}
      <Show when={props.of.unit !== ''}>
        {' '}
        <u>{props.of.unit}</u>
      </Show>
    </span>
  );
}

/** A duration in nanoseconds, in the unit that fits. */
export function Duration(props: { nanos: number }): JSX.Element {
  return <Measure of={durationOf(props.nanos)} />;
}

/** A key as it stands on a keyboard. */
export function Key(props: { name: string }): JSX.Element {
  return <kbd class="kb">{props.name}</kbd>;
}

/** One entry of the foot's hints: its keys and what they do. */
export interface Hint {
  readonly keys: readonly string[];
  readonly label: string;
}

/** The foot of a screen: which keys work here. */
export function Hints(props: { hints: readonly Hint[] }): JSX.Element {
  return (
    <footer class="hint">
      <For each={props.hints}>
        {(hint) => (
          <span>
            <For each={hint.keys}>{(key) => <Key name={key} />}</For> {hint.label}
          </span>
        )}
      </For>
      <span class="sp" />
      <span class="hint-all">
        <Key name="?" /> all shortcuts
      </span>
    </footer>
  );
}

/** A service's dot and name. */
export function Service(props: { name: string; class?: string }): JSX.Element {
  return (
    <span class={`svc ${props.class ?? ''}`}>
      <ServiceDot name={props.name} />
      <span class="el">{props.name}</span>
    </span>
  );
}

/** A service's dot; the name stands beside it or in its title. */
export function ServiceDot(props: { name: string }): JSX.Element {
  return <span class={`dot ${serviceClass(props.name)}`} title={props.name} />;
}

/** Sets a message in the middle of an empty place. */
export function Quiet(props: { title: string; children?: JSX.Element }): JSX.Element {
  return (
    <div class="quiet" role="status">
      <b>{props.title}</b>
      <Show when={props.children}>
        <div class="t2">{props.children}</div>
      </Show>
    </div>
  );
}
