import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { activeKeys, chordOf, dispatchKey, pushKeymap } from './keymap.js';

/** What the dispatcher reads of an element and of an event. */
class FakeElement {
  readonly tagName: string;
  readonly isContentEditable = false;
  constructor(tagName: string) {
    this.tagName = tagName;
  }
}

let time = 0;
function press(key: string, more: object = {}): { event: KeyboardEvent; prevented: () => boolean } {
  let prevented = false;
  time += 10;
  const event = {
    key,
    timeStamp: time,
    target: new FakeElement('DIV'),
    preventDefault: () => {
      prevented = true;
    },
    ...more,
  } as unknown as KeyboardEvent;
  dispatchKey(event);
  return { event, prevented: () => prevented };
}

beforeEach(() => {
  vi.stubGlobal('HTMLElement', FakeElement);
});
afterEach(() => {
  vi.unstubAllGlobals();
});

describe('names of keys', () => {
  it.each([
    [{ key: 'j' }, 'j'],
    [{ key: 'J', shiftKey: true }, 'J'],
    [{ key: '?', shiftKey: true }, '?'],
    [{ key: 'k', metaKey: true }, 'mod+k'],
    [{ key: 'K', ctrlKey: true }, 'mod+k'],
    [{ key: 'D', ctrlKey: true, shiftKey: true }, 'ctrl+shift+d'],
    [{ key: 'ArrowLeft', altKey: true }, 'alt+ArrowLeft'],
    [{ key: 'Enter', shiftKey: true }, 'shift+Enter'],
  ])('%j is %s', (event, chord) => {
    expect(chordOf(event as KeyboardEvent)).toBe(chord);
  });
});

describe('layers', () => {
  it('the newest that knows a key gets it, until it goes', () => {
    const seen: string[] = [];
    const under = pushKeymap({ j: { run: () => seen.push('under'), label: 'under' } });
    const over = pushKeymap({ j: { run: () => seen.push('over'), label: 'over' } });
    expect(press('j').prevented()).toBe(true);
    expect(activeKeys()).toEqual([{ chord: 'j', label: 'over' }]);
    over();
    over();
    press('j');
    under();
    expect(press('j').prevented()).toBe(false);
    expect(seen).toEqual(['over', 'under']);
  });

  it('chords of two keys work within their time', () => {
    let went = 0;
    const off = pushKeymap({ 'g t': { run: () => (went += 1), label: 'go' } });
    press('g');
    press('t');
    expect(went).toBe(1);
    press('g');
    time += 5000;
    press('t');
    expect(went).toBe(1);
    off();
  });

  it('single keys belong to inputs, others may ask for them', () => {
    const seen: string[] = [];
    const off = pushKeymap({
      j: { run: () => seen.push('j'), label: 'j' },
      'mod+k': { run: () => seen.push('k'), label: 'k', inInputs: true },
    });
    const target = new FakeElement('INPUT');
    press('j', { target });
    press('k', { target, metaKey: true });
    expect(seen).toEqual(['k']);
    off();
  });

  it('enter and space on a button are the button’s', () => {
    let ran = 0;
    const off = pushKeymap({ ' ': { run: () => (ran += 1), label: 'pause' } });
    press(' ', { target: new FakeElement('BUTTON') });
    expect(ran).toBe(0);
    press(' ');
    expect(ran).toBe(1);
    off();
  });
});
