/** Limits of the built-in instrumentation, each with its reason. */

/** Hosts whose split form is kept: a service hears its own few names and calls some dozens. */
export const KEPT_HOSTS = 512;
/** A DNS name has at most 253 characters, a port five and a colon; longer ones are not kept. */
export const HOST_LENGTH = 260;
/** Routes whose span name is kept for each method: programs with more exist, but pay a little. */
export const KEPT_ROUTES = 2000;
/** Values kept of one captured header: real ones repeat a header a few times at most. */
export const HEADER_VALUES = 32;
/** Routers in routers looked through for a route: programs nest them three or four deep. */
export const MOUNT_DEPTH = 12;
/** Paths that one route's routers are mounted at: more would be a search at each request's end. */
export const MOUNT_CANDIDATES = 32;
