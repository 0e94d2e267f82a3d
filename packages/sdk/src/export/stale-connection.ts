/**
 * A request failed on a connection that had been used before and that the other end, or a freeze of
 * this process, has closed meanwhile. It says nothing about the backend: a new connection may do.
 */
export class StaleConnectionError extends Error {}
