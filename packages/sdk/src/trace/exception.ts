/** Exceptions as attributes, by the semantic conventions. */
import { safeGet } from '../common/attributes.js';

/** `exception.type`, `.message` and `.stacktrace` of whatever was thrown. Never throws. */
export function exceptionAttributes(exception: unknown): Record<string, string> {
  if (typeof exception !== 'object' || exception === null) {
    return { 'exception.type': typeof exception, 'exception.message': textOf(exception) };
  }
  const attributes: Record<string, string> = {};
  attributes['exception.type'] = typeOf(exception);
  const message = safeGet(exception, 'message');
  if (message !== undefined && message !== null) attributes['exception.message'] = textOf(message);
  const stack = safeGet(exception, 'stack');
  if (typeof stack === 'string') attributes['exception.stacktrace'] = stack;
  return attributes;
}

/** The class: its name, or for a plain Error the code that Node gives it. */
function typeOf(exception: object): string {
  const name = safeGet(exception, 'name');
  if (name !== 'Error' && name !== undefined) return textOf(name);
  const code = safeGet(exception, 'code');
  if (typeof code === 'string' || typeof code === 'number') return String(code);
  const constructor = safeGet(exception, 'constructor');
  // A subclass that sets no name still has its constructor's.
  const isClass = typeof constructor === 'function' && constructor !== Object;
  return textOf((isClass ? safeGet(constructor, 'name') : name) ?? 'Error');
}

/** A one-line description of whatever was thrown, for a status. Never throws. */
export function exceptionMessage(exception: unknown): string {
  if (typeof exception !== 'object' || exception === null) return textOf(exception);
  const message = safeGet(exception, 'message');
  return typeof message === 'string' ? message : '';
}

function textOf(value: unknown): string {
  try {
    return String(value);
  } catch {
    // A toString of the program's threw.
    return typeof value;
  }
}
