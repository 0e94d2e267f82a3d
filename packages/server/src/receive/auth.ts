import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

const COOKIE = 'codomyrmex_session';

/**
 * Who may use a server that is reachable from outside: programs carry the token as a bearer; a
 * browser opens a URL with a code that works once and is given a cookie for it, so that no token
 * stays in a URL or a history.
 */
export class Auth {
  readonly #tokenHash: Buffer;
  readonly #session = randomBytes(24).toString('base64url');
  #loginCode: string | undefined = randomBytes(24).toString('base64url');

  constructor(token: string) {
    this.#tokenHash = hash(token);
  }

  /** The query of the URL to open the page with; works once. */
  get loginQuery(): string {
    return this.#loginCode === undefined ? '' : `?login=${this.#loginCode}`;
  }

  isAllowed(request: Pick<IncomingMessage, 'headers'>): boolean {
    const bearer = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (bearer !== undefined) return timingSafeEqual(hash(bearer), this.#tokenHash);
    const cookie = cookieOf(request.headers.cookie);
    return cookie !== undefined && timingSafeEqual(hash(cookie), hash(this.#session));
  }

  /** Exchanges a login code for the cookie; true when it answered. */
  answerLogin(request: IncomingMessage, response: ServerResponse): boolean {
    const code = /^\/\?login=([\w-]+)$/.exec(request.url ?? '')?.[1];
    if (code === undefined || this.#loginCode === undefined) return false;
    if (!timingSafeEqual(hash(code), hash(this.#loginCode))) return false;
    this.#loginCode = undefined;
    response.writeHead(303, {
      location: '/',
      'set-cookie': `${COOKIE}=${this.#session}; HttpOnly; SameSite=Strict; Path=/`,
      'cache-control': 'no-store',
    });
    response.end();
    return true;
  }
}

/** Digests have one length, so the comparison takes one time. */
function hash(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function cookieOf(header: string | undefined): string | undefined {
  const pairs = (header ?? '').split(';').map((pair) => pair.trim());
  return pairs.find((pair) => pair.startsWith(`${COOKIE}=`))?.slice(COOKIE.length + 1);
}
