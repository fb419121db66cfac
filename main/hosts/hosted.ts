import type { CallsInContext } from '../../preload/contract/index.ts';
import type { Workstation } from '../workstation.ts';

export type { Grant } from '../workstation.ts';

/** Pixels and streams, which the loopback server hands to the window. Failures are WorkstationErrors. */
export type HostedMedia = Workstation['media'];

/** What a host with a window needs of the workstation. */
export type HostedWorkstation = Pick<
  Workstation,
  | 'calls'
  | 'localActor'
  | 'media'
  | 'onEvent'
  | 'grantPath'
  | 'offerFile'
  | 'findDropped'
  | 'importStream'
  | 'dispose'
>;

/** What the command line needs: calls in the context of the command, and more than a window may do. */
export type CommandLineWorkstation = { readonly calls: CallsInContext } & Omit<HostedWorkstation, 'calls'> &
  Pick<
    Workstation,
    | 'grantFolder'
    | 'modelFolder'
    | 'openDemonstration'
    | 'inspectVideo'
    | 'extractFrame'
    | 'loadModelFolder'
    | 'askImage'
    | 'answeredFrame'
    | 'entriesOfSession'
    | 'listChanges'
    | 'countErasable'
    | 'eraseFromRecord'
  >;
