/**
 * Attributes of an exception by the semantic conventions: `exception.type`, `exception.message`,
 * `exception.stacktrace`, as a flat list. Causes follow in the stack trace, at most five deep.
 */
export function exceptionAttributes(exception: unknown): unknown[] {
  if (!(exception instanceof Error)) {
    return ['exception.type', typeof exception, 'exception.message', String(exception)];
  }
  const flat: unknown[] = ['exception.type', exceptionType(exception)];
  flat.push('exception.message', String(exception.message));
  const stack = stackWithCauses(exception);
  if (stack !== '') flat.push('exception.stacktrace', stack);
  return flat;
}

function exceptionType(error: Error): string {
  // Classes that extend Error and do not set `name` are all called "Error" otherwise.
  return error.name === 'Error' ? error.constructor.name : String(error.name);
}

function stackWithCauses(error: Error): string {
  let text = typeof error.stack === 'string' ? error.stack : '';
  let cause: unknown = error.cause;
  for (let depth = 0; depth < 5 && cause instanceof Error; depth++) {
    text += `\nCaused by: ${cause.stack ?? cause.message}`;
    cause = cause.cause;
  }
  return text;
}
