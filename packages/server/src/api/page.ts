import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { extname, join, normalize, sep } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

import { API_LIMITS } from './limits.js';

const TYPES: { readonly [extension: string]: string } = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
};

const COMPRESSIBLE = /^(?:text\/|application\/json|application\/manifest|image\/svg)/;
const brotli = promisify(brotliCompress);
const zip = promisify(gzip);

interface Loaded {
  readonly modifiedMillis: number;
  readonly type: string;
  readonly bytes: Buffer;
  readonly policy: string;
  readonly compressed: Map<string, Promise<Buffer>>;
}

const NOT_BUILT = `The page was not built: run npm run build in the repository.
The API is at /api/v1/status.
`;

/**
 * The built page: files by their path, index.html for every other path (the page's own routes).
 * Scripts and styles come from here alone; the one inline script is allowed by its hash.
 */
export class PageFiles {
  readonly #directory: string | undefined;
  readonly #files = new Map<string, Loaded>();

  constructor(directory: string | undefined) {
    this.#directory = directory;
  }

  /** The file or the page; undefined when there is no such file. */
  async answer(path: string, acceptEncoding: string): Promise<Response | undefined> {
    if (path.startsWith('/api/') || path === '/v1' || path.startsWith('/v1/')) return undefined;
    if (this.#directory === undefined) return notBuilt(path);
    const wanted = safePath(path);
    if (wanted === undefined) return undefined;
    const file = extname(wanted) === '' ? undefined : await this.#load(this.#directory, wanted);
    if (file !== undefined) return respond(file, wanted, acceptEncoding);
    // A route of the page may hold a dot (/metrics/http.server.request.duration); only what stands
    // below assets/ is a file for certain.
    if (wanted.startsWith('assets/')) return undefined;
    const page = await this.#load(this.#directory, 'index.html');
    return page === undefined ? notBuilt('/') : respond(page, 'index.html', acceptEncoding);
  }

  async #load(directory: string, name: string): Promise<Loaded | undefined> {
    const full = join(directory, name);
    try {
      const { mtimeMs, size } = await stat(full);
      const known = this.#files.get(name);
      if (known?.modifiedMillis === mtimeMs && known.bytes.length === size) return known;
      const bytes = await readFile(full);
      const loaded = {
        modifiedMillis: mtimeMs,
        type: TYPES[extname(name)] ?? 'application/octet-stream',
        bytes,
        policy: name.endsWith('.html') ? policyOf(bytes.toString('utf8')) : '',
        compressed: new Map<string, Promise<Buffer>>(),
      };
      if (this.#files.size < API_LIMITS.maxPageFiles) this.#files.set(name, loaded);
      return loaded;
    } catch (error: unknown) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR') return undefined;
      throw error;
    }
  }
}

/** A path below the page's folder, or undefined for one that would leave it. */
function safePath(path: string): string | undefined {
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    return undefined;
  }
  if (decoded.includes('\0') || decoded.includes('\\')) return undefined;
  const relative = normalize(decoded).replace(/^[/\\]+/, '');
  return relative.split(sep).includes('..') ? undefined : relative;
}

async function respond(file: Loaded, name: string, acceptEncoding: string): Promise<Response> {
  const headers = new Headers({
    'content-type': file.type,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    // Vite puts a hash of the content into every name below assets/.
    'cache-control': name.startsWith('assets/')
      ? 'public, max-age=31536000, immutable'
      : 'no-cache',
  });
  if (file.policy !== '') headers.set('content-security-policy', file.policy);
  const encoding = COMPRESSIBLE.test(file.type) ? chosen(acceptEncoding) : undefined;
  if (COMPRESSIBLE.test(file.type)) headers.set('vary', 'accept-encoding');
  if (encoding !== undefined) headers.set('content-encoding', encoding);
  const bytes = encoding === undefined ? file.bytes : await compressed(file, encoding);
  headers.set('content-length', String(bytes.length));
  return new Response(new Uint8Array(bytes), { headers });
}

type Encoding = 'br' | 'gzip';

function chosen(acceptEncoding: string): Encoding | undefined {
  if (/\bbr\b/.test(acceptEncoding)) return 'br';
  return /\bgzip\b/.test(acceptEncoding) ? 'gzip' : undefined;
}

function compressed(file: Loaded, encoding: Encoding): Promise<Buffer> {
  const known = file.compressed.get(encoding);
  if (known !== undefined) return known;
  const made =
    encoding === 'br'
      ? brotli(file.bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 6 } })
      : zip(file.bytes);
  file.compressed.set(encoding, made);
  return made;
}

/** The policy of a page: everything from us, nothing inline but the scripts that stand in it. */
function policyOf(html: string): string {
  const hashes = [...html.matchAll(/<script(?![^>]*\bsrc=)[^>]*>([\s\S]*?)<\/script>/g)].map(
    ([, script = '']) => ` 'sha256-${createHash('sha256').update(script).digest('base64')}'`,
  );
  return [
    `default-src 'none'`,
    `script-src 'self'${hashes.join('')}`,
    `style-src 'self'`,
    `img-src 'self' data:`,
    `font-src 'self'`,
    `connect-src 'self'`,
    `worker-src 'self'`,
    `manifest-src 'self'`,
    `base-uri 'none'`,
    `form-action 'none'`,
    `frame-ancestors 'none'`,
  ].join('; ');
}

function notBuilt(path: string): Response | undefined {
  if (extname(path) !== '') return undefined;
  return new Response(NOT_BUILT, {
    status: 404,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' },
  });
}
