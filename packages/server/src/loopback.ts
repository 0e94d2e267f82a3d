import { isIP } from 'node:net';

/** Whether an address to bind is loopback: its clients are programs of this machine. */
export function isLoopbackHost(host: string): boolean {
  return isLoopbackName(host.toLowerCase().replaceAll(/^\[|\]$/g, ''));
}

/** The same of a name in lower case, without brackets. */
export function isLoopbackName(name: string): boolean {
  if (name === 'localhost' || name.endsWith('.localhost') || name === '::1') return true;
  return isIP(name) === 4 && name.startsWith('127.');
}
