/** The smallest program: how long it took to get here, and what is in memory. */
process.send?.({ millis: performance.now(), bytes: process.memoryUsage().rss });
