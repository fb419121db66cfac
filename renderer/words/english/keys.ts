import type { Catalogue } from '../message.ts';

/** The settings of keys, and the sheet that shows them all. */
export const keys = {
  'key.enter': 'Enter',
  'key.escape': 'Esc',
  'keys.changed': 'The key of “{command}” is changed.',
  'keys.cleared': '“{command}” has no key now.',
  'keys.was-reset': '“{command}” has its own key again.',
  'keys.single-on': 'Single keys are on.',
  'keys.single-off': 'Single keys are off.',
  'keys.single': 'Letters, digits and signs work by themselves',
  'keys.single-why':
    'Off, where speech input or a slip of the hand presses them. Keys with Ctrl, arrows, Space and Esc go on.',
  'keys.all-reset': 'Every command has its own key again.',
  'keys.reset-all': 'Reset all',
  'keys.not-kept': 'Not kept. {message} {hint}',
  'keys.none': 'no key',
  'keys.stays': 'stays',
  'keys.reset-of': 'Reset: {command}',
  'keys.reset': 'Reset',
  'keys.change-of': 'Change the key: {command}',
  'keys.change': 'Change…',
  'keys.new-of': 'New key: {command}',
  'keys.press': 'Press the new key',
  'keys.take': 'Take',
  'keys.add': 'Add to the others',
  'keys.no-key': 'No key',
  'keys.leave': 'Leave',
  'keys.open-settings': 'Change keys…',
  'keys.title': 'Keyboard shortcuts',
  'keys.all': 'All keys',
  'keys.or': 'or',
  'keys.more':
    'Hold a step key to go on, frame after frame. On the frame: wheel to zoom at the pointer, drag to pan, double click for the whole frame.',
} as const satisfies Catalogue;
