import { createSignal, For, Show, type JSX } from 'solid-js';
import { ageText, millisOfNanos } from '../../base/time.js';
import { followQuestion } from '../../data/connection.js';
import { href, navigate } from '../../data/location.js';
import { now, status } from '../../data/shared.js';
import { CopyButton, copyText } from '../../parts/copy.js';
import { Icon } from '../../parts/icon.js';
import type { IconName } from '../../parts/icons.js';
import { Hints, Key } from '../../parts/text.js';
import { TopBar } from '../../parts/top-bar.js';
import { useKeys } from '../../parts/use-keys.js';
import { sendDemoTrace } from './demo-trace.js';
import { waysToSend, type Addresses, type Step, type Way } from './ways-to-send.js';

/** `http://127.0.0.1:4318` as people write it. */
function local(url: string | undefined): string {
  return (url ?? '').replace('127.0.0.1', 'localhost');
}

function addresses(): Addresses {
  const endpoints = status()?.endpoints;
  return {
    page: local(endpoints?.page) || window.location.origin,
    otlpHttp: local(endpoints?.otlpHttp ?? endpoints?.page) || window.location.origin,
    otlpGrpc: local(endpoints?.otlpGrpc),
  };
}

/** Nothing has arrived: what to copy, where to send, and what may be wrong. */
export function Onboarding(): JSX.Element {
  const [tab, setTab] = createSignal(0);
  const ways = (): readonly Way[] => waysToSend(addresses());
  const way = (): Way | undefined => ways()[tab()];
  openFirstTrace();
  const digit = (n: number): { run: () => void; label: string } => ({
    run: () => setTab(n - 1),
    label: `way ${n} to send`,
  });
  useKeys({
    '1': digit(1),
    '2': digit(2),
    '3': digit(3),
    c: {
      run: () =>
        void copyText(
          way()
            ?.steps.map((step) => step.code)
            .join('\n\n') ?? '',
        ),
      label: 'copy the snippet',
    },
    d: { run: () => void sendDemoTrace(), label: 'send a demo trace' },
  });
  return (
    <>
      <TopBar title="Overview" />
      <div class="onboarding" data-test="onboarding">
        <div class="onboarding-in">
          <header>
            <h2>Send your first span</h2>
            <p>
              This server is ready. The page turns into your first trace by itself, usually within a
              second.
            </p>
          </header>
          <div class="onboarding-two">
            <WaysBox ways={ways()} tab={tab()} onTab={setTab} />
            <WaitingBox />
          </div>
          <Refused />
          <IfNothingArrives />
          <GhostTrace />
        </div>
      </div>
      <Hints
        hints={[
          { keys: ['1', '2', '3'], label: 'ways to send' },
          { keys: ['C'], label: 'copy snippet' },
          { keys: ['D'], label: 'demo trace' },
        ]}
      />
    </>
  );
}

function WaysBox(props: {
  ways: readonly Way[];
  tab: number;
  onTab: (tab: number) => void;
}): JSX.Element {
  const way = (): Way | undefined => props.ways[props.tab];
  return (
    <section class="box">
      <div class="box-tabs" role="tablist" aria-label="Ways to send">
        <For each={props.ways}>
          {(item, i) => (
            <button
              type="button"
              role="tab"
              class="tab"
              aria-selected={i() === props.tab}
              tabindex={i() === props.tab ? 0 : -1}
              onClick={() => props.onTab(i())}
            >
              {item.name} <Key name={String(i() + 1)} />
            </button>
          )}
        </For>
      </div>
      <div class="box-steps" role="tabpanel" aria-label={way()?.name}>
        <For each={way()?.steps}>{(step, i) => <StepRow step={step} number={i() + 1} />}</For>
      </div>
    </section>
  );
}

function StepRow(props: { step: Step; number: number }): JSX.Element {
  return (
    <div class="step">
      <i class="step-number n">{props.number}</i>
      <div>
        <h3>
          {props.step.title} <span class="t3">{props.step.note}</span>
        </h3>
        <div class="code">
          <pre class="m" tabindex={0} data-test="snippet">
            {props.step.code}
          </pre>
          <CopyButton
            class="btn sm code-copy"
            label={`Copy: ${props.step.title}`}
            text={() => props.step.code}
          >
            Copy
          </CopyButton>
        </div>
      </div>
    </div>
  );
}

/** The first trace that comes is opened. */
function openFirstTrace(): void {
  const open = (data: { readonly items: readonly { readonly traceId: string }[] }): void => {
    const first = data.items[0];
    if (first !== undefined) navigate(href('trace', first.traceId));
  };
  followQuestion(
    () => ({ live: true, query: { kind: 'traces', from: 'now-1h', limit: 1 }, path: '/traces' }),
    { snapshot: open, delta: open },
    () => ({ items: [], skipped: 0 }),
  );
}

const DEMO_WORDS =
  'A small agent run through gateway, queue and worker, with one error to find; ' +
  'this page sends it as OTLP.';

function WaitingBox(): JSX.Element {
  const [sending, setSending] = createSignal('');
  const waited = (): string => {
    const started = status()?.startedUnixNano;
    return started === undefined ? '' : ageText(now() - millisOfNanos(started));
  };
  const demo = async (): Promise<void> => {
    setSending('Sending');
    setSending((await sendDemoTrace()) ?? '');
  };
  const endpoints = (): readonly (readonly [string, string])[] =>
    (
      [
        ['OTLP/HTTP', addresses().otlpHttp],
        ['OTLP/gRPC', addresses().otlpGrpc],
        ['Page and API', addresses().page],
      ] as const
    ).filter(([, url]) => url !== '');
  return (
    <section class="box">
      <div class="wait" role="status">
        <span class="pulse" aria-hidden="true">
          <i />
          <i />
          <b />
        </span>
        <div>
          <h3>Waiting for the first span</h3>
          <div class="t3 n">listening for {waited()}, no span yet</div>
        </div>
      </div>
      <div class="endpoints">
        <For each={endpoints()}>
          {([name, url]) => (
            <div class="endpoint">
              <Icon name="check" class="ok" />
              <span class="t2">{name}</span>
              <span class="m el" data-test="endpoint">
                {url}
              </span>
              <CopyButton text={() => url} label={`Copy the ${name} address`} />
            </div>
          )}
        </For>
      </div>
      <div class="demo">
        <button type="button" class="btn pri" data-test="send-demo" onClick={() => void demo()}>
          <Icon name="play" />
          Send a demo trace <Key name="D" />
        </button>
        <p>
          <Show when={sending() !== ''} fallback={DEMO_WORDS}>
            {sending()}
          </Show>
        </p>
      </div>
    </section>
  );
}

/** The newest request that was refused: a sender is close, and this is what it has wrong. */
function Refused(): JSX.Element {
  return (
    <Show when={status()?.refused[0]}>
      {(request) => (
        <div class="refused" role="alert" data-test="refused">
          <Icon name="triangle-alert" class="warn" />
          <b>
            One request was refused {ageText(now() - millisOfNanos(request().timeUnixNano))} ago
          </b>
          <span class="m">
            {request().method} {request().path}
          </span>
          <em class="tag w">{request().status}</em>
          <span class="t2 el" title={request().hint ?? request().message}>
            {request().hint ?? request().message}
          </span>
          <span class="sp" />
          <Show when={request().hint}>
            {(hint) => (
              <CopyButton class="btn sm" label="Copy the hint" text={hint}>
                Copy fix
              </CopyButton>
            )}
          </Show>
        </div>
      )}
    </Show>
  );
}

function IfNothingArrives(): JSX.Element {
  const faults = (): readonly { icon: IconName; title: string; text: JSX.Element }[] => {
    const { otlpHttp, otlpGrpc } = addresses();
    const http = otlpHttp.split(':').at(-1) ?? '';
    const grpc = otlpGrpc.split(':').at(-1) ?? '';
    return [
      {
        icon: 'plug',
        title: 'Wrong port',
        text:
          grpc === ''
            ? `${http} speaks HTTP. gRPC is off on this server.`
            : `${http} speaks HTTP, ${grpc} speaks gRPC. Crossed, the stream just closes.`,
      },
      {
        icon: 'braces',
        title: 'Protobuf or JSON',
        text:
          grpc === ''
            ? `${http} takes both, by content type.`
            : `${http} takes both, by content type. On ${grpc} set the protocol to grpc.`,
      },
      {
        icon: 'funnel',
        title: 'Sampled out',
        text: (
          <>
            A parent with flag 00, or a ratio of 0. Try{' '}
            <span class="m">OTEL_TRACES_SAMPLER=always_on</span>.
          </>
        ),
      },
      {
        icon: 'globe',
        title: 'Browser and CORS',
        text: (
          <>
            Pages on other origins may send once allowed: <span class="m">--allow-origin</span>.
          </>
        ),
      },
    ];
  };
  return (
    <section>
      <h3 class="faults-head">If nothing arrives</h3>
      <div class="faults">
        <For each={faults()}>
          {(fault) => (
            <div class="fault">
              <h4>
                <Icon name={fault.icon} class="t3" />
                {fault.title}
              </h4>
              <p>{fault.text}</p>
            </div>
          )}
        </For>
      </div>
    </section>
  );
}

/** Bars where the first trace will be: indent, name, start, length (px, px, %, %). */
const GHOSTS: readonly (readonly [number, number, number, number, number])[] = [
  [1, 0, 112, 0, 100],
  [2, 16, 64, 1.5, 9],
  [4, 16, 148, 12, 84],
  [5, 32, 88, 13, 26],
  [7, 32, 120, 40, 31],
  [6, 48, 96, 41, 17],
];

function GhostTrace(): JSX.Element {
  return (
    <div class="ghost" aria-hidden="true">
      <div class="ghost-head">
        <span>Your first trace opens here</span>
        <span>0 ms</span>
        <span class="sp" />
        <span>…</span>
      </div>
      <For each={GHOSTS}>
        {([colour, indent, name, start, length]) => (
          <div class={`ghost-row c${colour}`}>
            <span style={{ 'padding-left': `${indent}px` }}>
              <i class="sw" />
              <i class="ghost-name" style={{ width: `${name}px` }} />
            </span>
            <span class="ghost-line">
              <i style={{ left: `${start}%`, width: `${length}%` }} />
            </span>
          </div>
        )}
      </For>
    </div>
  );
}
