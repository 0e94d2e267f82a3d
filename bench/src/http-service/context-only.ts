/** What no tracing can do without: one context a request, and nothing else. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';

const storage = new AsyncLocalStorage<object>();
subscribe('http.server.request.start', () => storage.enterWith({}));
