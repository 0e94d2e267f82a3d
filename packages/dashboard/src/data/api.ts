import type { ErrorAnswer } from '@codomyrmex/telemetry-query';

/** An error answer of the API, or the network's own words when there was no answer. */
export class ApiError extends Error {
  readonly code: string;
  /** 0 without an answer. */
  readonly status: number;
  readonly hint: string | undefined;
  /** For a bad query: where in `q`, and how long. */
  readonly column: number | undefined;
  readonly length: number | undefined;

  constructor(status: number, error: ErrorAnswer['error']) {
    super(error.message);
    this.name = 'ApiError';
    this.code = error.code;
    this.status = status;
    this.hint = error.hint;
    this.column = error.column;
    this.length = error.length;
  }
}

/** Parameters of a request; undefined and empty ones are left out. */
export type ApiParams = { readonly [key: string]: string | number | undefined };

/** The address of an API route on this page's own origin. */
export function apiUrl(path: string, params: ApiParams = {}): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(params)) {
    if (value !== undefined && value !== '') search.set(key, String(value));
  }
  const text = search.toString();
  return `/api/v1${path}${text === '' ? '' : `?${text}`}`;
}

/** GET of a route; throws ApiError for every answer that is not 2xx and when the server is away. */
export async function getJson<T>(
  path: string,
  params?: ApiParams,
  signal?: AbortSignal,
): Promise<T> {
  let response: Response;
  try {
    response = await fetch(apiUrl(path, params), signal === undefined ? {} : { signal });
  } catch (error) {
    if (signal?.aborted === true) throw error;
    throw new ApiError(0, { code: 'unreachable', message: 'the server cannot be reached' });
  }
  if (response.ok) return (await response.json()) as T;
  throw new ApiError(response.status, await errorOf(response));
}

async function errorOf(response: Response): Promise<ErrorAnswer['error']> {
  try {
    const answer = (await response.json()) as Partial<ErrorAnswer>;
    if (answer.error !== undefined) return answer.error;
  } catch {
    // Not JSON (a proxy's page): the status line says what we know.
  }
  return { code: `http_${response.status}`, message: response.statusText || 'request failed' };
}
