/**
 * What the parts of the SDK share: options, resource, exporter, and who takes part in a flush.
 * Traces, metrics and logs import this file; `init.ts`, above them, registers them here.
 */
import { report, setDiagnostics } from '../common/diagnostics.js';
import type { DiagnosticsOption } from '../common/diagnostics.js';
import { readChoice } from '../common/environment.js';
import type { Environment } from '../common/environment.js';
import { inheritedOptions, leaveForWorkers } from '../common/inherited-options.js';
import { EXIT_WAIT_MILLIS, FLUSH_TIMEOUT_MILLIS } from '../common/limits.js';
import { detectResource } from '../common/resource.js';
import type { Resource } from '../common/resource.js';
import type { Exporter } from './exporter.js';
import type { TelemetryOptions } from './options.js';
import { OtlpExporter } from './otlp-exporter.js';
import { SdkCounts } from './sdk-counts.js';
import type { ExportOperation } from './sdk-counts.js';
import { resolveSettings } from './settings.js';
import type { ExportSettings } from './settings.js';

type Hook = () => void | Promise<void>;

/** One running SDK: usually the process's only one, see {@link telemetry}. */
export class Telemetry {
  readonly options: TelemetryOptions;
  readonly environment: Environment;
  readonly resource: Resource;
  /** What the SDK counts of itself. */
  readonly counts: SdkCounts;
  readonly #exporter: Exporter;
  #settings: ExportSettings;
  readonly #flushHooks: Hook[] = [];
  readonly #shutdownHooks: Hook[] = [];
  readonly #resetHooks: (() => void)[] = [];
  #ended: Promise<void> | undefined;
  #gaveUp = false;
  #exitDeadline: number | undefined;

  /** Resolves options and environment and makes the exporter; nothing is sent yet. */
  constructor(
    options: TelemetryOptions = {},
    environment: Environment = process.env,
    shared?: {
      readonly resource: Resource;
      readonly exporter: Exporter;
      readonly counts?: SdkCounts;
    },
  ) {
    this.options = options;
    this.environment = environment;
    this.#settings = resolveSettings(options, environment);
    const diagnostics = options.diagnostics ?? levelFromEnvironment(environment);
    if (diagnostics !== undefined) setDiagnostics(diagnostics);
    this.resource = shared?.resource ?? detectResource(environment, resourceOf(options));
    this.counts = shared?.counts ?? new SdkCounts();
    const exported = (operation: ExportOperation): void => this.counts.exported?.(operation);
    this.#exporter = shared?.exporter ?? new OtlpExporter(this.#settings, exported);
  }

  /** Where records go: the backend, or a test's own, see {@link divertExports}. */
  get exporter(): Exporter {
    return diverted ?? this.#exporter;
  }

  /** Where and how exports go. */
  get settings(): ExportSettings {
    return this.#settings;
  }

  /**
   * Sends to another backend from now on, what is still queued included. For
   * startDashboardServer, which asks `settings.endpointIsSet` first: `endpoint` takes OTLP/HTTP,
   * whatever was spoken before.
   */
  setEndpoint(endpoint: string): void {
    this.configure({ endpoint, protocol: 'http/protobuf' });
  }

  /** Takes what can change while it runs: where and how exports go. */
  configure(options: TelemetryOptions): void {
    this.#settings = resolveSettings({ ...this.options, ...options }, this.environment);
    this.exporter.configure?.(this.#settings);
    if (current === this) leaveForWorkers({ ...this.options, ...options });
  }

  /** Another service of this process: shares the exporter, has a resource of its own. */
  withResource(attributes: Readonly<Record<string, unknown>>): Telemetry {
    const resource = this.resource.merge(attributes);
    const sibling = new Telemetry(this.options, this.environment, {
      resource,
      exporter: this.#exporter,
      counts: this.counts,
    });
    sibling.#settings = this.#settings;
    this.onFlush(() => sibling.#runHooks(sibling.#flushHooks));
    this.onShutdown(() => sibling.#runHooks(sibling.#shutdownHooks));
    this.onReset(() => sibling.reset());
    return sibling;
  }

  /**
   * Has `hook` called at each flush, before the exporter's own: it hands what it holds to
   * `exporter.enqueue`, at once and, as a promise, later. At process exit only what it does
   * before its first await counts.
   */
  onFlush(hook: Hook): void {
    this.#flushHooks.push(hook);
  }

  /** Has `hook` called once at shutdown, after the last flush hooks. */
  onShutdown(hook: Hook): void {
    this.#shutdownHooks.push(hook);
  }

  /** Has `hook` called at each {@link reset}: it starts its totals over. */
  onReset(hook: () => void): void {
    this.#resetHooks.push(hook);
  }

  /** For tests: metrics start over as if nothing had been recorded. What is queued stays. */
  reset(): void {
    for (const hook of this.#resetHooks) hook();
  }

  /** Hands everything recorded so far to the exporter, but for what asynchronous callbacks say. */
  handOver(): void {
    void this.#runHooks(this.#flushHooks);
  }

  /**
   * Sends everything recorded so far; resolves when answered or dropped, at most after 4 s. In
   * serverless mode a backend that is away is given up as at the program's end: a call is paid by
   * the time that it takes.
   */
  async forceFlush(): Promise<void> {
    await withinLimit(this.#flushAll(this.#settings.isServerless));
  }

  async #flushAll(last: boolean): Promise<void> {
    await this.#runHooks(this.#flushHooks);
    await this.exporter.flush(last);
  }

  /**
   * The last flush of a program that ends by itself: at most 4 s, and where nobody listens nothing
   * is tried again. False when it ran out of time.
   */
  async finish(): Promise<boolean> {
    this.#gaveUp = !(await withinLimit(this.#flushAll(true)));
    return !this.#gaveUp;
  }

  /**
   * For process 'exit': hands over what there is and blocks until it is sent, in all at most a
   * second, however often it is called. Waits for nothing where {@link finish} waited in vain.
   */
  finishNow(): void {
    this.#exitDeadline ??= performance.now() + (this.#gaveUp ? 0 : EXIT_WAIT_MILLIS);
    void this.#runHooks(this.#flushHooks);
    this.exporter.finishNow?.(Math.max(0, this.#exitDeadline - performance.now()));
  }

  /** True once process 'exit' has begun: no timer runs any more, records must go at once. */
  get isExiting(): boolean {
    return this.#exitDeadline !== undefined;
  }

  /** Flushes and stops for good; a second call returns the first one's promise. */
  shutdown(): Promise<void> {
    this.#ended ??= withinLimit(this.#shutdownAll()).then(() => undefined);
    return this.#ended;
  }

  async #shutdownAll(): Promise<void> {
    await this.#runHooks(this.#flushHooks);
    await this.#runHooks(this.#shutdownHooks);
    await this.exporter.shutdown();
  }

  /** True from the first call of shutdown on. */
  get isShutDown(): boolean {
    return this.#ended !== undefined;
  }

  async #runHooks(hooks: readonly Hook[]): Promise<void> {
    // All start before any is waited for, so that the synchronous part of each runs at exit.
    await Promise.all(hooks.map((hook) => runHook(hook)));
  }
}

async function runHook(hook: Hook): Promise<void> {
  try {
    await hook();
  } catch (error: unknown) {
    report('error', `cannot flush: ${String(error)}`);
  }
}

const LEVELS = ['none', 'error', 'warn', 'info', 'debug', 'verbose', 'all'] as const;

/** OTEL_LOG_LEVEL; there is nothing finer than `info` to say. */
function levelFromEnvironment(environment: Environment): DiagnosticsOption | undefined {
  const level = readChoice(environment, 'OTEL_LOG_LEVEL', LEVELS);
  return level === 'debug' || level === 'verbose' || level === 'all' ? 'info' : level;
}

function resourceOf(options: TelemetryOptions): Record<string, unknown> {
  return {
    ...options.resource,
    ...(options.serviceName === undefined ? {} : { 'service.name': options.serviceName }),
    ...(options.serviceVersion === undefined ? {} : { 'service.version': options.serviceVersion }),
  };
}

async function withinLimit(work: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<boolean>((resolve) => {
    // Not unref'd: this timer is what keeps the program alive while a flush is waited for.
    timer = setTimeout(() => resolve(false), FLUSH_TIMEOUT_MILLIS);
  });
  const isDone = await Promise.race([work.then(() => true), limit]);
  clearTimeout(timer);
  return isDone;
}

let current: Telemetry | undefined;
let diverted: Exporter | undefined;

/**
 * For tests: has every telemetry of the process, running or to come, give its records to
 * `exporter` instead of its own; `undefined` ends that.
 */
export function divertExports(exporter: Exporter | undefined): void {
  diverted = exporter;
}
const starters: ((started: Telemetry) => void)[] = [];

/** Has `starter` called when the process's telemetry starts; at once when it runs already. */
export function atStart(starter: (started: Telemetry) => void): void {
  starters.push(starter);
  if (current !== undefined) starter(current);
}

/** The process's telemetry; the first call starts it, from `OTEL_*` where `init` was not called. */
export function telemetry(): Telemetry {
  return current ?? startTelemetry({});
}

/** The process's telemetry if it runs; for code that must not start it. */
export function runningTelemetry(): Telemetry | undefined {
  return current;
}

let preset: TelemetryOptions | undefined;

/** Options of whoever started the program: they count where `init` says nothing. */
export function presetOptions(options: TelemetryOptions): void {
  preset = options;
}

/** True when someone has set the SDK up before the program: `init` may come too late there. */
export function isPreset(): boolean {
  return preset !== undefined;
}

/** Starts the process's telemetry; `init` alone calls this. */
export function startTelemetry(options: TelemetryOptions): Telemetry {
  const own: TelemetryOptions = { ...preset, ...inheritedOptions(), ...options };
  const started = new Telemetry(own);
  current = started;
  leaveForWorkers({ ...own });
  for (const starter of starters) starter(started);
  return started;
}
