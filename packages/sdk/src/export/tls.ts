/** Certificates and keys for exports over TLS, from code or `OTEL_EXPORTER_OTLP_*CERTIFICATE`. */
import { readFileSync } from 'node:fs';
import { report } from '../common/diagnostics.js';
import { readText } from '../common/environment.js';
import type { Environment } from '../common/environment.js';

/** PEM texts; plain data, so that they can be posted to a thread. */
export interface TlsSettings {
  /** Who may have signed the backend's certificate. Default: the authorities that Node trusts. */
  readonly ca?: string;
  /** The client's certificate chain, for mutual TLS; with `key`. */
  readonly cert?: string;
  /** The client's private key. */
  readonly key?: string;
}

const FILES = [
  ['ca', 'CERTIFICATE'],
  ['cert', 'CLIENT_CERTIFICATE'],
  ['key', 'CLIENT_KEY'],
] as const;

/** Code wins as a whole; else each file that the environment names. A file missing warns. */
export function resolveTls(
  option: TlsSettings | undefined,
  prefix: string,
  environment: Environment,
): TlsSettings | undefined {
  if (option !== undefined) return option;
  const found: { ca?: string; cert?: string; key?: string } = {};
  for (const [name, suffix] of FILES) {
    const own = `${prefix}_${suffix}`;
    const variable =
      readText(environment, own) === undefined ? `OTEL_EXPORTER_OTLP_${suffix}` : own;
    const path = readText(environment, variable);
    const text = path === undefined ? undefined : readPem(variable, path);
    if (text !== undefined) found[name] = text;
  }
  return Object.keys(found).length === 0 ? undefined : found;
}

function readPem(variable: string, path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error: unknown) {
    const reason = error instanceof Error ? error.message : String(error);
    report('warn', `ignoring ${variable}: cannot read the file: ${reason}`);
    return undefined;
  }
}
