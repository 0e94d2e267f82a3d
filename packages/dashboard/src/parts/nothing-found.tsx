import { For, Show, type JSX } from 'solid-js';
import { splitTerms, withoutTerm, type Term } from '../base/terms.js';
import { href, param, setParams } from '../data/location.js';
import { Quiet } from './text.js';

/** An empty list says why: nothing in this time, or which filters to take out. */
export function NothingFound(props: {
  loaded: boolean;
  /** In the plural: `traces`. */
  noun: string;
}): JSX.Element {
  const terms = (): readonly Term[] => splitTerms(param('q'));
  return (
    <Show when={props.loaded} fallback={<Quiet title={`Loading ${props.noun}`} />}>
      <Show
        when={terms().length > 0}
        fallback={
          <Quiet title={`No ${props.noun} in this time`}>
            They appear by themselves.{' '}
            <a class="acc" href={href('overview')}>
              How to send some
            </a>
          </Quiet>
        }
      >
        <Quiet title={`No ${props.noun} match`}>
          <span class="without" data-test="nothing-matches">
            There may be some without
            <For each={terms()}>
              {(term) => (
                <button
                  type="button"
                  class="btn sm"
                  onClick={() => setParams({ q: withoutTerm(param('q'), term.text) })}
                >
                  {term.text}
                </button>
              )}
            </For>
          </span>
        </Quiet>
      </Show>
    </Show>
  );
}
