import type { LogRecord } from '@codomyrmex/telemetry-query';
import { createMemo, For, Show, type JSX } from 'solid-js';
import { attributeText } from '../../base/number.js';
import { clockText, millisOfNanos } from '../../base/time.js';
import { href } from '../../data/location.js';
import { timeZone } from '../../data/shared.js';
import { logTime } from '../../layout/log-time.js';
import { exceptionOf } from '../../layout/span-kind.js';
import { Icon } from '../../parts/icon.js';
import { Service } from '../../parts/text.js';
import { Severity, severityLevel } from '../../parts/severity.js';

/** Fields shown behind the message. */
const MOST_FIELDS = 6;
/** A message's text in a row; all of it is in the panel. */
const MOST_CHARACTERS = 400;

/** What a record says in one line. */
export function messageOf(log: LogRecord): string {
  const text = attributeText(log.body);
  if (text !== '') return text;
  const exception = exceptionOf(log.attributes);
  if (exception !== undefined) return `${exception.type}: ${exception.message}`;
  return log.eventName;
}

/** One line of the log. */
export function LogRow(props: {
  log: LogRecord | undefined;
  selected: boolean;
  /** Lines of this trace carry its colour. */
  traceMarked: string;
  focusable: boolean;
  onSelect: () => void;
}): JSX.Element {
  return (
    <Show when={props.log}>
      {(log) => (
        <div
          class={`logs-grid logs-row level-${severityLevel(log().severityNumber)}`}
          classList={{ cur: props.selected }}
          role="row"
          tabindex={props.focusable ? 0 : -1}
          aria-selected={props.selected}
          data-test="log-row"
          data-trace-id={log().traceId}
          onClick={() => props.onSelect()}
        >
          <span role="gridcell" class="m n t3">
            {clockText(millisOfNanos(logTime(log())), timeZone(), true)}
          </span>
          <span role="gridcell">
            <Severity number={log().severityNumber} text={log().severityText} />
          </span>
          <span role="gridcell" class="t2">
            <Service name={log().service} />
          </span>
          <Message log={log()} />
          <span role="gridcell" class="logs-trace">
            <Show when={log().traceId !== ''}>
              <a
                class="m"
                classList={{
                  acc: log().traceId === props.traceMarked,
                  t3: log().traceId !== props.traceMarked,
                }}
                href={href('trace', log().traceId, { span: log().spanId })}
                title="Open the trace"
                tabindex={-1}
              >
                <Icon name="list-tree" size={13} />
                {log().traceId.slice(0, 4)}
              </a>
            </Show>
          </span>
        </div>
      )}
    </Show>
  );
}

function Message(props: { log: LogRecord }): JSX.Element {
  const fields = createMemo(() =>
    Object.entries(props.log.attributes)
      .filter(([key]) => !key.startsWith('exception.') && !key.startsWith('code.'))
      .slice(0, MOST_FIELDS),
  );
  const text = createMemo(() => {
    const whole = messageOf(props.log);
    const line = whole.split('\n', 1)[0] ?? '';
    return line.length > MOST_CHARACTERS ? `${line.slice(0, MOST_CHARACTERS)}…` : line;
  });
  /** `StripeGatewayError: …`: the type stands out. */
  const named = createMemo(
    () => /^([A-Z][A-Za-z0-9_.]*(?:Error|Exception))(?=[:\s])/.exec(text())?.[1] ?? '',
  );
  return (
    <span role="gridcell" class="m logs-message">
      <Show when={named() !== ''}>
        <b class="err">{named()}</b>
      </Show>
      {text().slice(named().length)}
      <For each={fields()}>
        {([key, value]) => (
          <span class="logs-field">
            <span class="t3">{key}=</span>
            {attributeText(value).slice(0, 80)}
          </span>
        )}
      </For>
    </span>
  );
}
