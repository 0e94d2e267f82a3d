import { createMemo, Match, Switch, type JSX } from 'solid-js';
import { status } from '../../data/shared.js';
import { Quiet } from '../../parts/text.js';
import { Health } from './health.js';
import { Onboarding } from './onboarding.js';
import './overview.css';

/** How it goes; with nothing stored, how to begin. */
export function Overview(): JSX.Element {
  const empty = createMemo((before: boolean | undefined): boolean | undefined => {
    const answer = status();
    if (answer === undefined) return undefined;
    const { spans, logs, points } = answer.stored;
    // The numbers may be here before the first trace is: who waits for it stays until it opens.
    if (spans + answer.running.spans > 0) return before === true;
    return logs + points === 0;
  }, undefined);
  return (
    <Switch fallback={<Quiet title="Connecting to the server" />}>
      <Match when={empty() === true}>
        <Onboarding />
      </Match>
      <Match when={empty() === false}>
        <Health />
      </Match>
    </Switch>
  );
}
