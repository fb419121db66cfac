/** The steps of a reasoning that a key marks, counted from 1. */
export const markStepNumbers = [1, 2, 3, 4, 5, 6, 7, 8, 9] as const;
type MarkStep = `mark-step-${(typeof markStepNumbers)[number]}`;

/** What a key can do. */
export type Action =
  | 'play'
  | 'pause'
  | 'faster'
  | 'reverse'
  | 'slower'
  | 'quicker'
  | 'sound'
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
  | 'previous-marker'
  | 'next-marker'
  | 'previous-answer'
  | 'next-answer'
  | 'previous-open'
  | 'next-open'
  | 'bookmark'
  | 'bookmark-with-note'
  | 'set-in'
  | 'set-out'
  | 'clear-range'
  | 'track'
  | 'track-hide'
  | 'name-segment'
  | 'begin-here'
  | 'end-here'
  | 'play-stretch'
  | 'loop'
  | 'accept'
  | 'correct'
  | 'own-box'
  | 'reject'
  | 'reopen'
  | MarkStep
  | 'ask'
  | 'ask-region'
  | 'ask-again'
  | 'ask-samples'
  | 'escape'
  | 'undo'
  | 'redo'
  | 'zoom-in'
  | 'zoom-out'
  | 'zoom-fit'
  | 'full-screen'
  | 'present'
  | 'hide-overlays'
  | 'eye'
  | 'other-eye'
  | 'time-closer'
  | 'time-wider'
  | 'time-all'
  | 'pan-left'
  | 'pan-right'
  | 'pan-up'
  | 'pan-down'
  | 'find'
  | 'library'
  | 'settings'
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
      shortcut('slower', ['D'], 'Slower, down to a tenth', ['d']),
      shortcut('quicker', ['Shift D'], 'Faster, up to eight times', ['Shift+d']),
      shortcut('sound', ['Shift S'], 'Sound on or off; it is off at each start', ['Shift+s']),
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
      shortcut('time-closer', ['Z'], 'Timeline closer; also Ctrl and the wheel', ['z']),
      shortcut('time-wider', ['Shift Z'], 'Timeline wider', ['Shift+z']),
      shortcut('time-all', ['\\'], 'Timeline: the whole recording', ['\\']),
      shortcut('previous-marker', ['P'], 'Previous answer, bookmark or edge', ['p']),
      shortcut('next-marker', ['N'], 'Next answer, bookmark or edge', ['n']),
      shortcut('previous-answer', ['['], 'Previous answer in the video', ['[']),
      shortcut('next-answer', [']'], 'Next answer in the video', [']']),
    ],
  },
  {
    title: 'Mark',
    shortcuts: [
      shortcut('bookmark', ['M'], 'Bookmark this frame, also while playing', ['m']),
      shortcut('bookmark-with-note', ['Shift M'], 'The same with a note', ['Shift+m']),
      shortcut('set-in', ['I'], 'In: a segment begins here', ['i']),
      shortcut('set-out', ['O'], 'Out: it ends here', ['o']),
      shortcut('name-segment', ['S'], 'Name what is between in and out', ['s']),
      shortcut('clear-range', ['C'], 'Clear in and out', ['c']),
      shortcut('begin-here', ['Shift I'], 'The chosen segment begins here', ['Shift+i']),
      shortcut('end-here', ['Shift O'], 'The chosen segment ends here', ['Shift+o']),
      shortcut('track', ['T'], 'Box over the frames of a segment; a key frame of it', ['t']),
      shortcut('track-hide', ['Shift T'], 'What it follows is not visible from here', ['Shift+t']),
      shortcut('play-stretch', ['Shift Space'], 'Play in to out, or the segment, once', ['Shift+ ']),
      shortcut('loop', ['Shift L'], 'The same over and over; again to end it', ['Shift+l']),
    ],
  },
  {
    title: 'Review',
    shortcuts: [
      shortcut('accept', ['A'], 'Accept the answer', ['a']),
      shortcut('correct', ['E'], 'Correct its label and box', ['e']),
      shortcut('own-box', ['B'], 'Its box: arrows move, Alt resizes, Tab to corners', ['b']),
      shortcut('reject', ['X'], 'Reject it; then 1 to 4 for the reason', ['x']),
      shortcut('reopen', ['U'], 'Reopen it', ['u']),
      ...markStepNumbers.map((step) =>
        shortcut(`mark-step-${step}`, [String(step)], `Mark step ${step}: right, wrong, not visible`, [
          String(step),
        ]),
      ),
      shortcut('next-open', ['Shift N'], 'Next open answer', ['Shift+n']),
      shortcut('previous-open', ['Shift P'], 'Previous open answer', ['Shift+p']),
    ],
  },
  {
    title: 'Ask',
    shortcuts: [
      shortcut('ask', ['Q'], 'Ask about this frame', ['q']),
      shortcut('ask-region', ['Shift Q'], 'Draw a region and ask about it', ['Shift+q']),
      shortcut('ask-again', ['R'], 'Ask the shown question again: another sample', ['r']),
      shortcut('ask-samples', ['Shift R'], 'Five samples, to see how far they agree', ['Shift+r']),
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
      shortcut('full-screen', ['F'], 'The frame fills the screen; Esc leaves', ['f']),
      shortcut('present', ['Shift F'], 'A second window for others, without the controls', ['Shift+f']),
      shortcut('hide-overlays', ['H'], 'Hide boxes, and the answer from others', ['h']),
      shortcut('eye', ['Y'], 'Which eye of a stereo recording is reviewed', ['y']),
      shortcut('other-eye', ['Shift Y'], 'Its other eye', ['Shift+y']),
      shortcut('pan-left', ['Ctrl ←'], 'Look further left', ['Control+ArrowLeft']),
      shortcut('pan-right', ['Ctrl →'], 'Look further right', ['Control+ArrowRight']),
      shortcut('pan-up', ['Ctrl ↑'], 'Look further up', ['Control+ArrowUp']),
      shortcut('pan-down', ['Ctrl ↓'], 'Look further down', ['Control+ArrowDown']),
      shortcut('find', ['Ctrl K'], 'Find answers, cases and commands', ['Control+k']),
      shortcut('library', ['Ctrl L', 'Ctrl O'], 'Library: cases, sessions, the bin', [
        'Control+l',
        'Control+o',
      ]),
      shortcut('settings', ['Ctrl ,'], 'Settings: keys, site', ['Control+,']),
      shortcut('shortcuts', ['?'], 'This sheet', ['?', 'Shift+?']),
    ],
  },
];

/** Every key with what it does. Throws where two actions claim one key: the table is wrong then. */
export function keyTable(groups: readonly ShortcutGroup[]): ReadonlyMap<string, Action> {
  const table = new Map<string, Action>();
  for (const { action, matches } of groups.flatMap(({ shortcuts }) => shortcuts)) {
    for (const match of matches) {
      const other = table.get(match);
      if (other !== undefined) throw new Error(`the key ${match} is claimed by ${other} and by ${action}`);
      table.set(match, action);
    }
  }
  return table;
}

export interface KeyPressed {
  readonly key: string;
  readonly shiftKey: boolean;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
}

/** A press as the table writes it: `Control+Shift+z`. Null with Alt, which means nothing of ours. The Command key counts as Control. */
export function pressOf({ key: pressed, shiftKey, ctrlKey, metaKey, altKey }: KeyPressed): string | null {
  if (altKey) return null;
  const key = pressed.length === 1 ? pressed.toLowerCase() : pressed;
  return (ctrlKey || metaKey ? 'Control+' : '') + (shiftKey ? 'Shift+' : '') + key;
}
