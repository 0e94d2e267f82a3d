import type { LiveRequest } from '@codomyrmex/telemetry-query';
import { describe, expect, it } from 'vitest';
import { LiveConnection, type LiveSocketEvents, type LiveState } from './live.js';

/** A connection whose wire, clock and painting are in the test's hands. */
function rig(): {
  connection: LiveConnection;
  sent: LiveRequest[];
  states: LiveState[];
  waits: number[];
  open: () => void;
  lose: () => void;
  receive: (frame: object) => void;
  paint: () => void;
  elapse: () => void;
  sockets: () => number;
} {
  const sent: LiveRequest[] = [];
  const states: LiveState[] = [];
  const waits: number[] = [];
  const wires: LiveSocketEvents[] = [];
  let painted: (() => void)[] = [];
  let timer: (() => void) | undefined;
  const connection = new LiveConnection({
    connect: (events) => {
      wires.push(events);
      return {
        send: (text) => sent.push(JSON.parse(text) as LiveRequest),
        close: () => events.closed(),
      };
    },
    afterPaint: (run) => painted.push(run),
    setTimer: (run, millis) => {
      waits.push(millis);
      timer = run;
      return () => {
        timer = undefined;
      };
    },
    random: () => 1,
    onState: (state) => states.push(state),
  });
  return {
    connection,
    sent,
    states,
    waits,
    open: () => wires.at(-1)?.opened(),
    lose: () => wires.at(-1)?.closed(),
    receive: (frame) => wires.at(-1)?.received(JSON.stringify(frame)),
    paint: () => {
      const runs = painted;
      painted = [];
      for (const run of runs) run();
    },
    elapse: () => {
      const run = timer;
      timer = undefined;
      run?.();
    },
    sockets: () => wires.length,
  };
}

const query = { kind: 'status' } as const;

function listener(): { seen: string[]; handlers: Parameters<LiveConnection['subscribe']>[1] } {
  const seen: string[] = [];
  return {
    seen,
    handlers: {
      snapshot: (data) => seen.push(`snapshot ${JSON.stringify(data)}`),
      delta: (data) => seen.push(`delta ${JSON.stringify(data)}`),
      error: (error) => seen.push(`error ${error.code}`),
    },
  };
}

describe('subscriptions', () => {
  it('are sent when the connection opens, and at once after that', () => {
    const { connection, sent, open } = rig();
    connection.subscribe(query, listener().handlers);
    expect(sent).toEqual([]);
    open();
    connection.subscribe(query, listener().handlers);
    expect(sent).toEqual([
      { op: 'sub', id: 1, query },
      { op: 'sub', id: 2, query },
    ]);
  });

  it('get their frames, and acknowledge each after it was painted', () => {
    const { connection, sent, open, receive, paint } = rig();
    const { seen, handlers } = listener();
    connection.subscribe(query, handlers);
    open();
    receive({ op: 'snapshot', id: 1, seq: 7, data: { a: 1 } });
    expect(seen).toEqual(['snapshot {"a":1}']);
    expect(sent).toHaveLength(1);
    paint();
    expect(sent.at(-1)).toEqual({ op: 'ack', id: 1, seq: 7 });
    receive({ op: 'delta', id: 1, seq: 8, data: { a: 2 } });
    receive({ op: 'error', id: 1, code: 'bad_query', message: 'no' });
    expect(seen.slice(1)).toEqual(['delta {"a":2}', 'error bad_query']);
  });

  it('end: no frame is taken and none is acknowledged', () => {
    const { connection, sent, open, receive, paint } = rig();
    const { seen, handlers } = listener();
    const end = connection.subscribe(query, handlers);
    open();
    receive({ op: 'snapshot', id: 1, seq: 1, data: {} });
    end();
    end();
    paint();
    receive({ op: 'delta', id: 1, seq: 2, data: {} });
    expect(seen).toEqual(['snapshot {}']);
    expect(sent.map(({ op }) => op)).toEqual(['sub', 'unsub']);
  });

  it('a screen that fails on a frame still lets the next one come', () => {
    const { connection, sent, open, receive, paint } = rig();
    connection.subscribe(query, {
      ...listener().handlers,
      snapshot: () => {
        throw new Error('broken screen');
      },
    });
    open();
    expect(() => receive({ op: 'snapshot', id: 1, seq: 1, data: {} })).toThrow('broken screen');
    paint();
    expect(sent.at(-1)).toEqual({ op: 'ack', id: 1, seq: 1 });
  });
});

describe('a lost connection', () => {
  it('comes back after 250 ms, doubled up to 5 s, and subscribes again', () => {
    const { connection, sent, states, waits, open, lose, elapse, sockets } = rig();
    connection.subscribe(query, listener().handlers);
    open();
    for (let i = 0; i < 7; i += 1) {
      lose();
      elapse();
    }
    expect(waits).toEqual([250, 500, 1000, 2000, 4000, 5000, 5000]);
    open();
    expect(states.at(-1)).toBe('open');
    expect(states[1]).toBe('reconnecting');
    expect(sockets()).toBe(8);
    expect(sent.filter(({ op }) => op === 'sub')).toHaveLength(2);
    lose();
    expect(waits.at(-1)).toBe(250);
  });

  it('does not acknowledge what came over the one before', () => {
    const { connection, sent, open, receive, paint, lose, elapse } = rig();
    connection.subscribe(query, listener().handlers);
    open();
    receive({ op: 'snapshot', id: 1, seq: 1, data: {} });
    lose();
    elapse();
    open();
    paint();
    expect(sent.some(({ op }) => op === 'ack')).toBe(false);
  });

  it('stays away once closed', () => {
    const { connection, waits, open } = rig();
    open();
    connection.close();
    expect(waits).toEqual([]);
  });
});

describe('pausing', () => {
  it('stops and brings back all frames, once each', () => {
    const { connection, sent, open } = rig();
    connection.pause();
    open();
    expect(sent).toEqual([{ op: 'pause' }]);
    connection.pause();
    connection.resume();
    connection.resume();
    expect(sent).toEqual([{ op: 'pause' }, { op: 'resume' }]);
  });
});
