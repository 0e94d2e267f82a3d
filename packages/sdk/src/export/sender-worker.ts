/** The sender thread's program: a {@link Sender} behind messages. */
import { parentPort, workerData } from 'node:worker_threads';
import { Sender } from './sender.js';
import { CELL_BYTES, CELL_CHUNKS, CELL_TAKEN, clockMillis } from './sender-protocol.js';
import type { FromSender, SenderData, ToSender } from './sender-protocol.js';

const { settings, shared, answers } = workerData as SenderData;
const cells = new Int32Array(shared);

function tell(message: FromSender): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, no window
  answers.postMessage(message);
}

const sender = new Sender(
  settings,
  (outcome) => {
    if (outcome.sent > 0) Atomics.store(cells, CELL_TAKEN, clockMillis());
    // Before the cells: who sees them fall finds the outcome.
    tell({ kind: 'outcome', outcome });
    Atomics.sub(cells, CELL_BYTES, outcome.heldBytes);
    Atomics.sub(cells, CELL_CHUNKS, outcome.chunkCount);
    Atomics.notify(cells, CELL_CHUNKS);
  },
  { warn: (message) => tell({ kind: 'warning', message }) },
);

parentPort?.on('message', (message: ToSender) => {
  switch (message.kind) {
    case 'chunk':
      sender.add(message.chunk);
      break;
    case 'flush':
      void sender.flush(message.last).then(() => tell({ kind: 'flushed', id: message.id }));
      break;
    case 'drain':
      sender.drain();
      break;
    case 'abandon':
      sender.abandon();
      break;
    case 'configure':
      sender.configure(message.settings);
      break;
    case 'close':
      sender.close();
      tell({ kind: 'closed' });
      break;
  }
});
tell({ kind: 'ready' });
