import type { StatusAnswer } from '@codomyrmex/telemetry-query';

import type { Committer } from './store/commit.js';
import type { Engine } from './store/engine.js';

/** What the API, the live connection and the views are given; main.ts makes it. */
export interface ServerContext {
  readonly engine: Engine;
  readonly committer: Committer;
  /** Everything of GET /status; cheap enough to be asked four times a second. */
  status(): Promise<StatusAnswer>;
  /** Counts a request that was refused, for /status. */
  refused(request: {
    readonly method: string;
    readonly path: string;
    readonly status: number;
    readonly message: string;
    readonly hint?: string;
  }): void;
  /** Origins besides our own that may use the API. */
  readonly allowedOrigins: readonly string[];
  /** The built page's folder, or undefined when it was not built. */
  readonly pageDir: string | undefined;
}
