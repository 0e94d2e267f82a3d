import type { Hono } from 'hono';

import type { ServerContext } from '../context.js';
import { exportLogs, exportPoints, exportSpans } from '../query/export.js';
import type { ExportQuestion } from '../query/export.js';
import type { Asking } from '../query/list-request.js';
import type { ApiEnvironment } from './environment.js';
import { API_LIMITS } from './limits.js';
import { readExport } from './parameters.js';

type Export = (asking: Asking, question: ExportQuestion) => AsyncGenerator<string>;

const EXPORTS: { readonly [records: string]: Export } = {
  spans: exportSpans,
  logs: exportLogs,
  points: exportPoints,
};

/** GET /export/{spans,logs,points}: NDJSON, page by page as the client reads. */
export function exportRoutes(app: Hono<ApiEnvironment>, context: ServerContext): void {
  for (const [records, run] of Object.entries(EXPORTS)) {
    app.get(`/api/v1/export/${records}`, async (c) => {
      const question = readExport(c.req.query());
      c.set('filter', question.filter);
      const stop = new AbortController();
      const options = { signal: stop.signal, timeoutMillis: API_LIMITS.exportTimeoutMillis };
      const pages = run({ engine: context.engine, options }, question);
      // The first page is read before the answer begins, so that a bad query is still a 400.
      const first = await pages.next();
      c.header('content-type', 'application/x-ndjson');
      return c.body(streamOf(first, pages, stop));
    });
  }
}

/** Pulls a page when the one before has been taken: a slow client holds one page, no more. */
function streamOf(
  first: IteratorResult<string, unknown>,
  pages: AsyncGenerator<string>,
  stop: AbortController,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let next: IteratorResult<string, unknown> | undefined = first;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller): Promise<void> {
        const page = next ?? (await pages.next());
        next = undefined;
        if (page.done === true) controller.close();
        else controller.enqueue(encoder.encode(page.value));
      },
      async cancel(): Promise<void> {
        stop.abort();
        await pages.return(undefined);
      },
    },
    { highWaterMark: 0 },
  );
}
