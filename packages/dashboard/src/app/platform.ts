/** The modifier as this machine's keyboard names it. */
export const MODIFIER: string = /Mac|iPhone|iPad/.test(navigator.userAgent) ? '⌘' : 'Ctrl ';
