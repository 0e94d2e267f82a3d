/**
 * One record cannot be stored; its neighbours can. Thrown from deep inside a record and caught by
 * the loop over records. One object: a request may hold a million bad records, and stacks are dear.
 */
export class Rejection extends Error {
  /** What is wrong and what the sender must change. */
  reason = '';
}

const REJECTION = new Rejection('the record is rejected');

/** The rejection for a reason; throw it at once. */
export function rejection(reason: string): Rejection {
  REJECTION.reason = reason;
  return REJECTION;
}
