import type { StatusAnswer } from '@codomyrmex/telemetry-query';

import { report, reportOnce } from '../common/diagnostics.js';
import type { Telemetry } from '../export/telemetry.js';
import { BackendError, askBackend, dashboardUrl } from './backend-requests.js';
import {
  BACKEND_CHECK_MILLIS,
  MAX_VIEWS,
  VIEW_REQUEST_MILLIS,
  VIEW_RETRY_FIRST_MILLIS,
  VIEW_RETRY_LAST_MILLIS,
} from './limits.js';
import type { ViewBody, ViewDefinition } from './view-definition.js';

interface Entry {
  readonly id: string;
  body: ViewBody;
  isSent: boolean;
  readonly waiting: (() => void)[];
}

/** Milliseconds between tries and looks; tests use shorter ones. */
export interface ViewPace {
  readonly firstMillis: number;
  readonly lastMillis: number;
  readonly checkMillis: number;
}

const DEFAULT_PACE: ViewPace = {
  firstMillis: VIEW_RETRY_FIRST_MILLIS,
  lastMillis: VIEW_RETRY_LAST_MILLIS,
  checkMillis: BACKEND_CHECK_MILLIS,
};

/**
 * The program's views, and whether the backend has them. Sent at once; again with growing pauses
 * while there is no backend; and again when another backend, or the same one started anew, answers.
 * Only who waits for a view keeps the program alive.
 */
export class ViewRegistry {
  readonly #telemetry: Telemetry;
  readonly #pace: ViewPace;
  readonly #entries = new Map<string, Entry>();
  #pause: number;
  #timer: NodeJS.Timeout | undefined;
  #isSending = false;
  /** Base URL and start time of the backend that has what `isSent` says. */
  #backend: string | undefined;

  constructor(telemetry: Telemetry, pace: ViewPace = DEFAULT_PACE) {
    this.#telemetry = telemetry;
    this.#pace = pace;
    this.#pause = pace.firstMillis;
    telemetry.onShutdown(() => this.stop());
  }

  /** Keeps a view and sends it soon. Throws when there are too many. */
  set(view: ViewDefinition): void {
    const known = this.#entries.get(view.id);
    if (known !== undefined) {
      known.body = view.body;
      known.isSent = false;
    } else {
      if (this.#entries.size >= MAX_VIEWS) {
        throw new RangeError(`cannot register view: there are ${MAX_VIEWS} already`);
      }
      this.#entries.set(view.id, { ...view, isSent: false, waiting: [] });
    }
    this.#schedule(0);
  }

  /** Resolves when the backend has this view; until then the program is kept alive. */
  async stored(id: string): Promise<void> {
    const entry = this.#entries.get(id);
    if (entry === undefined || entry.isSent) return;
    // Timers and sockets of the registry are unref'd: without this one, a program that waits here
    // and has nothing else to do would end in the middle of its await.
    const keeper = setInterval(() => undefined, 2 ** 30);
    await new Promise<void>((resolve) => {
      entry.waiting.push(resolve);
    });
    clearInterval(keeper);
  }

  /** Forgets a view here and in the backend. */
  async remove(id: string): Promise<void> {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    this.#entries.delete(id);
    for (const resolve of entry.waiting) resolve();
    try {
      await this.#ask('DELETE', id, undefined, true);
    } catch (error: unknown) {
      // 404: it was not there, which is what was wanted.
      if (error instanceof BackendError && error.status === 404) return;
      reportOnce('warn', `remove view ${id}`, `cannot remove the view ${id}: ${String(error)}`);
    }
  }

  /** Sends everything again: telemetry goes to another backend from now on. */
  resend(): void {
    this.#forgetSent();
    this.#schedule(0);
  }

  /** Sends no more; whoever waits for a view waits no longer. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const entry of this.#entries.values()) {
      for (const resolve of entry.waiting.splice(0)) resolve();
    }
  }

  #forgetSent(): void {
    for (const entry of this.#entries.values()) entry.isSent = false;
    this.#pause = this.#pace.firstMillis;
  }

  #schedule(delayMillis: number): void {
    if (this.#isSending) return;
    clearTimeout(this.#timer);
    if (this.#entries.size === 0 || this.#telemetry.isShutDown) return;
    this.#timer = setTimeout(() => void this.#work(), delayMillis);
    this.#timer.unref();
  }

  async #work(): Promise<void> {
    if (this.#isSending) return;
    this.#isSending = true;
    try {
      await this.#lookWhoAnswers();
      await this.#sendMissing();
      this.#pause = this.#pace.firstMillis;
    } catch (error: unknown) {
      reportOnce('info', 'views wait', `views wait for a backend: ${String(error)}`);
      this.#pause = Math.min(this.#pause * 2, this.#pace.lastMillis);
    } finally {
      this.#isSending = false;
    }
    const isDone = [...this.#entries.values()].every((entry) => entry.isSent);
    this.#schedule(isDone ? this.#pace.checkMillis : this.#pause);
  }

  /** A backend that was started anew may have lost the views: its start time tells. */
  async #lookWhoAnswers(): Promise<void> {
    const request = {
      method: 'GET',
      path: '/status',
      timeoutMillis: VIEW_REQUEST_MILLIS,
      keepsAlive: false,
    } as const;
    const base = dashboardUrl(this.#telemetry);
    const status = (await askBackend(this.#telemetry, request)) as StatusAnswer | undefined;
    const backend = `${base} ${status?.startedUnixNano}`;
    if (backend === this.#backend) return;
    this.#backend = backend;
    this.#forgetSent();
  }

  async #sendMissing(): Promise<void> {
    for (const entry of this.#entries.values()) {
      if (entry.isSent) continue;
      const body = entry.body;
      try {
        await this.#ask('PUT', entry.id, body, false);
      } catch (error: unknown) {
        if (!isRefusal(error)) throw error;
        report('warn', `the backend refused the view ${entry.id}: ${String(error)}`);
      }
      // Meanwhile it may have been registered again, with other options.
      if (entry.body !== body) continue;
      entry.isSent = true;
      for (const resolve of entry.waiting.splice(0)) resolve();
    }
  }

  #ask(
    method: 'PUT' | 'DELETE',
    id: string,
    body: ViewBody | undefined,
    keepsAlive: boolean,
  ): Promise<unknown> {
    return askBackend(this.#telemetry, {
      method,
      path: `/views/${encodeURIComponent(id)}`,
      ...(body === undefined ? {} : { body }),
      timeoutMillis: VIEW_REQUEST_MILLIS,
      keepsAlive,
    });
  }
}

/** What will not get better by trying again. 404 will: no dashboard answers there yet. */
function isRefusal(error: unknown): boolean {
  return error instanceof BackendError && (error.status === 400 || error.status === 413);
}
