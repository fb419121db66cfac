/** What a key can do. */
export type Action =
  | 'play'
  | 'pause'
  | 'faster'
  | 'reverse'
  | 'step-back'
  | 'step-forward'
  | 'step-back-ten'
  | 'step-forward-ten'
  | 'second-back'
  | 'second-forward'
  | 'ten-seconds-back'
  | 'ten-seconds-forward'
  | 'first-frame'
  | 'last-frame'
  | 'go-to'
  | 'previous-answer'
  | 'next-answer'
  | 'ask'
  | 'ask-again'
  | 'escape'
  | 'undo'
  | 'redo'
  | 'zoom-in'
  | 'zoom-out'
  | 'zoom-fit'
  | 'pan-left'
  | 'pan-right'
  | 'pan-up'
  | 'pan-down'
  | 'library'
  | 'shortcuts';

export interface Shortcut {
  readonly action: Action;
  /** As on the key caps. */
  readonly keys: readonly string[];
  readonly text: string;
  /** `KeyboardEvent.key` values that mean it; `Shift+`, `Control+` in front where held. */
  readonly matches: readonly string[];
}

export interface ShortcutGroup {
  readonly title: string;
  readonly shortcuts: readonly Shortcut[];
}

const shortcut = (action: Action, keys: string[], text: string, matches: string[]): Shortcut => ({
  action,
  keys,
  text,
  matches,
});

export const shortcutGroups: readonly ShortcutGroup[] = [
  {
    title: 'Play',
    shortcuts: [
      shortcut('play', ['Space'], 'Play or pause; Enter presses buttons', [' ']),
      shortcut('reverse', ['J'], 'Play backwards; again for faster', ['j']),
      shortcut('pause', ['K'], 'Pause', ['k']),
      shortcut('faster', ['L'], 'Play; again for faster', ['l']),
    ],
  },
  {
    title: 'Move',
    shortcuts: [
      shortcut('step-back', [',', '←'], 'One frame back, or many', [',', 'ArrowLeft']),
      shortcut('step-forward', ['.', '→'], 'One frame on, or many', ['.', 'ArrowRight']),
      shortcut('step-back-ten', ['Shift ,', 'Shift ←'], 'Ten frames back', [
        'Shift+<',
        'Shift+,',
        'Shift+;',
        'Shift+ArrowLeft',
      ]),
      shortcut('step-forward-ten', ['Shift .', 'Shift →'], 'Ten frames forward', [
        'Shift+>',
        'Shift+.',
        'Shift+:',
        'Shift+ArrowRight',
      ]),
      shortcut('second-back', ['↓'], 'One second back', ['ArrowDown']),
      shortcut('second-forward', ['↑'], 'One second forward', ['ArrowUp']),
      shortcut('ten-seconds-back', ['Page down'], 'Ten seconds back', ['PageDown']),
      shortcut('ten-seconds-forward', ['Page up'], 'Ten seconds forward', ['PageUp']),
      shortcut('first-frame', ['Home'], 'First frame', ['Home']),
      shortcut('last-frame', ['End'], 'Last frame', ['End']),
      shortcut('go-to', ['G'], 'Go to a frame or time', ['g']),
      shortcut('previous-answer', ['[', 'P'], 'Previous answer in the video', ['[', 'p']),
      shortcut('next-answer', [']', 'N'], 'Next answer in the video', [']', 'n']),
    ],
  },
  {
    title: 'Ask',
    shortcuts: [
      shortcut('ask', ['Q'], 'Ask about this frame', ['q']),
      shortcut('ask-again', ['R'], 'Ask the shown question again', ['r']),
      shortcut('escape', ['Esc'], 'Stop the answer; close what is open', ['Escape']),
      shortcut('undo', ['Ctrl Z'], 'Undo what you did last in this session', ['Control+z']),
      shortcut('redo', ['Shift Ctrl Z', 'Ctrl Y'], 'Do it again', ['Control+Shift+z', 'Control+y']),
    ],
  },
  {
    title: 'Look',
    shortcuts: [
      shortcut('zoom-in', ['+'], 'Zoom in', ['+', 'Shift++', '=', 'Shift+*']),
      shortcut('zoom-out', ['−'], 'Zoom out', ['-']),
      shortcut('zoom-fit', ['0'], 'Whole frame', ['0']),
      shortcut('pan-left', ['Ctrl ←'], 'Look further left', ['Control+ArrowLeft']),
      shortcut('pan-right', ['Ctrl →'], 'Look further right', ['Control+ArrowRight']),
      shortcut('pan-up', ['Ctrl ↑'], 'Look further up', ['Control+ArrowUp']),
      shortcut('pan-down', ['Ctrl ↓'], 'Look further down', ['Control+ArrowDown']),
      shortcut('library', ['O'], 'Open a video or a session', ['o', 'Control+o']),
      shortcut('shortcuts', ['?'], 'This sheet', ['?', 'Shift+?']),
    ],
  },
];

const byKey = new Map(
  shortcutGroups.flatMap((group) =>
    group.shortcuts.flatMap((entry) => entry.matches.map((match) => [match, entry.action] as const)),
  ),
);

export interface KeyPress {
  readonly key: string;
  readonly shiftKey: boolean;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
}

/** The action of a key press, or null. The Command key counts as Control; Alt means nothing of ours. */
export function actionOf(press: KeyPress): Action | null {
  if (press.altKey) return null;
  const key = press.key.length === 1 ? press.key.toLowerCase() : press.key;
  const held = (press.ctrlKey || press.metaKey ? 'Control+' : '') + (press.shiftKey ? 'Shift+' : '');
  return byKey.get(held + key) ?? null;
}
