/** The SDK's own timers and the time that they go by. None keeps a program alive. */

/** A timer that was started, for {@link timerSource}.stop alone. */
export type Timer = object;

/** Starts and stops timers; replaced with the clock in tests that need another time. */
export const timerSource: {
  /** Calls `work` once after `millis`. */
  start: (work: () => void, millis: number) => Timer;
  stop: (timer: Timer | undefined) => void;
  /** Milliseconds of a clock that never goes back. */
  nowMillis: () => number;
} = {
  start: (work, millis) => setTimeout(work, millis).unref(),
  stop: (timer) => clearTimeout(timer as NodeJS.Timeout | undefined),
  nowMillis: () => performance.now(),
};
