import {
  createEffect,
  ErrorBoundary,
  lazy,
  Match,
  onCleanup,
  onMount,
  Show,
  Switch,
  type JSX,
} from 'solid-js';
import { dispatchKey } from '../base/keymap.js';
import { livePaused, setLivePaused } from '../data/connection.js';
import { announcement } from '../data/live-announcer.js';
import { href, location, navigate } from '../data/location.js';
import { nextTheme } from '../data/theme.js';
import { scaleRange, toggleLive } from '../parts/time-range.js';
import { useKeys } from '../parts/use-keys.js';
import { Traces } from '../screens/traces/traces.js';
import { JumpDialog } from './jump-dialog.js';
import { KeysSheet } from './keys-sheet.js';
import { Sidebar, toggleSidebar } from './sidebar.js';

// The list of traces comes with the page; every other screen when it is first opened.
const Overview = lazy(async () => ({
  default: (await import('../screens/overview/overview.js')).Overview,
}));
const Trace = lazy(async () => ({ default: (await import('../screens/trace/trace.js')).Trace }));
const Logs = lazy(async () => ({ default: (await import('../screens/logs/logs.js')).Logs }));
const Metrics = lazy(async () => ({
  default: (await import('../screens/metrics/metrics.js')).Metrics,
}));
const Services = lazy(async () => ({
  default: (await import('../screens/services/services.js')).Services,
}));
const Views = lazy(async () => ({ default: (await import('../screens/views/views.js')).Views }));

const TITLES: { readonly [screen: string]: string } = {
  overview: 'Overview',
  traces: 'Traces',
  trace: 'Trace',
  logs: 'Logs',
  metrics: 'Metrics',
  services: 'Services',
  views: 'Views',
};

function useGlobalKeys(): void {
  const go =
    (screen: Parameters<typeof href>[0]): (() => void) =>
    () =>
      navigate(href(screen));
  useKeys({
    'g o': { run: go('overview'), label: 'go to Overview' },
    'g t': { run: go('traces'), label: 'go to Traces' },
    'g l': { run: go('logs'), label: 'go to Logs' },
    'g m': { run: go('metrics'), label: 'go to Metrics' },
    'g s': { run: go('services'), label: 'go to Services' },
    'g v': { run: go('views'), label: 'go to Views' },
    L: { run: toggleLive, label: 'live on or off' },
    ' ': { run: () => setLivePaused(!livePaused()), label: 'pause and go on' },
    '-': { run: () => scaleRange(2), label: 'twice the time' },
    '=': { run: () => scaleRange(0.5), label: 'half the time' },
    '[': { run: toggleSidebar, label: 'sidebar' },
    'ctrl+shift+d': { run: nextTheme, label: 'theme' },
  });
}

/** Links of this page change the address without loading it again. */
function followLinks(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target instanceof Element ? event.target.closest('a') : undefined;
  if (!link || link.target !== '' || link.origin !== window.location.origin) return;
  if (link.hasAttribute('download') || link.pathname.startsWith('/api/')) return;
  event.preventDefault();
  navigate(link.pathname + link.search);
}

/** The page: the sidebar and the screen that the address names. */
export function App(): JSX.Element {
  useGlobalKeys();
  onMount(() => {
    window.addEventListener('keydown', dispatchKey);
    document.addEventListener('click', followLinks);
    onCleanup(() => {
      window.removeEventListener('keydown', dispatchKey);
      document.removeEventListener('click', followLinks);
    });
  });
  createEffect(() => {
    document.title = `${TITLES[location().screen] ?? ''} · Codomyrmex`;
  });
  const screen = (): string => location().screen;
  return (
    <div class="app">
      <Sidebar />
      <main class="main">
        <ErrorBoundary fallback={(error, reset) => <Broken error={error} reset={reset} />}>
          <Switch>
            <Match when={screen() === 'traces'}>
              <Traces />
            </Match>
            <Match when={screen() === 'overview'}>
              <Overview />
            </Match>
            <Match when={screen() === 'trace'}>
              <Show when={location().id} keyed>
                {(id) => <Trace traceId={id} />}
              </Show>
            </Match>
            <Match when={screen() === 'logs'}>
              <Logs />
            </Match>
            <Match when={screen() === 'metrics'}>
              <Metrics />
            </Match>
            <Match when={screen() === 'services'}>
              <Services />
            </Match>
            <Match when={screen() === 'views'}>
              <Views />
            </Match>
          </Switch>
        </ErrorBoundary>
      </main>
      <JumpDialog />
      <KeysSheet />
      <div class="visually-hidden" aria-live="polite">
        {announcement()}
      </div>
    </div>
  );
}

function Broken(props: { error: unknown; reset: () => void }): JSX.Element {
  return (
    <div class="quiet" role="alert">
      <b>This screen stopped</b>
      <div class="t2 m">
        {props.error instanceof Error ? props.error.message : String(props.error)}
      </div>
      <button type="button" class="btn" onClick={() => props.reset()}>
        Try again
      </button>
    </div>
  );
}
