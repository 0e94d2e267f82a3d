/** The context manager for providers of /otel. */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Context } from '@opentelemetry/api';
import * as shared from '../trace/context-manager.js';

/** Carries the context over an AsyncLocalStorage of its own: two of them do not meet. */
export class AsyncLocalStorageContextManager extends shared.AsyncLocalStorageContextManager {
  constructor() {
    super(new AsyncLocalStorage<Context>());
  }
}
