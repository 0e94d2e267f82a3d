import { createSignal, onCleanup, type JSX } from 'solid-js';
import { Icon } from './icon.js';
import type { IconName } from './icons.js';
import './parts.css';

/** Copies a text; false when the browser does not let us. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Without a secure context or permission there is still the old way, from a selection.
    const area = document.createElement('textarea');
    area.value = text;
    area.className = 'visually-hidden';
    document.body.append(area);
    area.select();
    const copied = document.execCommand('copy');
    area.remove();
    return copied;
  }
}

/** A button that copies and says so for a second and a half. */
export function CopyButton(props: {
  text: () => string;
  label: string;
  class?: string;
  icon?: IconName;
  children?: JSX.Element;
}): JSX.Element {
  const [copied, setCopied] = createSignal(false);
  let timer: ReturnType<typeof setTimeout> | undefined;
  onCleanup(() => clearTimeout(timer));
  const copy = async (): Promise<void> => {
    if (!(await copyText(props.text()))) return;
    setCopied(true);
    clearTimeout(timer);
    timer = setTimeout(() => setCopied(false), 1500);
  };
  return (
    <button
      type="button"
      class={props.class ?? 'btn ic bare'}
      aria-label={copied() ? 'Copied' : props.label}
      title={props.label}
      onClick={() => void copy()}
    >
      <Icon
        name={copied() ? 'check' : (props.icon ?? 'copy')}
        size={13}
        class={copied() ? 'ok' : ''}
      />
      {props.children}
    </button>
  );
}
