import type { Catalogue } from '../message.ts';

export const settings = {
  'settings.title': 'Settings',
  'settings.parts': 'Parts of the settings',
  'settings.keys': 'Keys',
  'settings.site': 'Site',

  'site.what':
    'What your site agrees on for everybody: labels, questions, names of segments, reasons for rejection and thresholds. They are kept as one file, for every machine of the site.',
  'site.none': 'Nothing is set here yet. Import your site’s file, or export an empty one and fill it in.',
  'site.import': 'Import a file…',
  'site.export': 'Export',
  'site.unnamed': 'Site without a name',
  'site.labels': { one: '{count} label', other: '{count} labels' },
  'site.labels-for': 'offered when you correct an answer',
  'site.questions': { one: '{count} question in {sets}', other: '{count} questions in {sets}' },
  'site.sets': { one: '{count} set', other: '{count} sets' },
  'site.questions-for': 'offered under “mine” where you ask',
  'site.segments': { one: '{count} name for segments', other: '{count} names for segments' },
  'site.segments-for': 'offered when you name a segment',
  'site.reasons': { one: '{count} reason for rejection', other: '{count} reasons for rejection' },
  'site.reasons-for': 'beside the four that every site has',
  'site.unsure': 'Unsure below {probability}',
  'site.unsure-for': 'for answers that are given from now on',
  'site.hash': 'Hash {hash}, which every verdict keeps',
  'site.will-change': {
    one: '{name} changes one thing:',
    other: '{name} changes {count} things:',
  },
  'site.no-change': '{name} says what is set already: nothing changes.',
  'site.more': { one: 'and {count} more', other: 'and {count} more' },
  'site.take': 'Import',
  'site.leave': 'Leave it',
  'site.imported': 'The site settings are imported.',
  'site.undo': 'Ctrl Z in the review takes it back.',
  'site.not-taken': 'Not imported. {message} {hint}',
} as const satisfies Catalogue;
