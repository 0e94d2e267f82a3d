import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const SERVER_PACKAGE = '@codomyrmex/telemetry-server';
const COMMAND = 'codomyrmex-telemetry';

/**
 * The file that runs the backend. The package is an optional peer, so it is looked for from the
 * program's main file, from the working directory, then from here. Throws with the line that
 * installs it.
 */
export function serverCommandFile(places: readonly string[] = defaultPlaces()): string {
  for (const place of places) {
    const manifest = manifestFrom(place);
    if (manifest !== undefined) return commandOf(manifest);
  }
  throw new Error(
    `cannot start the dashboard server: ${SERVER_PACKAGE} is not installed; ` +
      `npm install ${SERVER_PACKAGE}`,
  );
}

function defaultPlaces(): string[] {
  const main = process.argv[1];
  return [
    ...(main === undefined ? [] : [pathToFileURL(main).href]),
    pathToFileURL(join(process.cwd(), 'package.json')).href,
    import.meta.url,
  ];
}

function manifestFrom(place: string): string | undefined {
  try {
    return createRequire(place).resolve(`${SERVER_PACKAGE}/package.json`);
  } catch {
    // Not found from there; the caller looks elsewhere.
    return undefined;
  }
}

function commandOf(manifest: string): string {
  const { bin } = JSON.parse(readFileSync(manifest, 'utf8')) as {
    bin?: Readonly<Record<string, string>>;
  };
  const file = bin?.[COMMAND];
  if (file === undefined) {
    throw new Error(`cannot start the dashboard server: ${manifest} names no ${COMMAND}`);
  }
  return join(dirname(manifest), file);
}
