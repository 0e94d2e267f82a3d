/** The context manager for providers of /otel. */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Context } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager as SharedContextManager } from '../trace/context-manager.js';

/** Carries the context over an AsyncLocalStorage of its own: two of them do not meet. */
export class AsyncLocalStorageContextManager extends SharedContextManager {
  constructor() {
    super(new AsyncLocalStorage<Context>());
  }
}
