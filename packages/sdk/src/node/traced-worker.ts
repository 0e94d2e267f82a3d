/** A worker thread whose spans belong to the span that made it. */
import { Worker, setEnvironmentData } from 'node:worker_threads';
import type { WorkerOptions } from 'node:worker_threads';
import { WORKER_CARRIER_KEY } from '../trace/environment-parent.js';
import { injectContext } from '../trace/propagation.js';

/**
 * `Worker` with one difference: root spans of the thread are children of the span that is current
 * here, in whatever way the worker's environment is set. The thread starts its own SDK, with the
 * options of this one, at its first recording call.
 */
export class TracedWorker extends Worker {
  constructor(filename: string | URL, options?: WorkerOptions) {
    // A new thread takes a copy of the environment data when it is made, and only then.
    setEnvironmentData(WORKER_CARRIER_KEY, injectContext({}));
    try {
      super(filename, options);
    } finally {
      setEnvironmentData(WORKER_CARRIER_KEY, undefined);
    }
  }
}
