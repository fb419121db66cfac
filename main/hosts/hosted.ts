import type { Workstation } from '../workstation.ts';

export type { Grant } from '../workstation.ts';

/** Pixels and streams, which the loopback server hands to the window. Failures are WorkstationErrors. */
export type HostedMedia = Workstation['media'];

/** What a host with a window needs of the workstation. */
export type HostedWorkstation = Pick<
  Workstation,
  'calls' | 'media' | 'onEvent' | 'grantPath' | 'findDropped' | 'importStream' | 'dispose'
>;

/** What the command line needs besides. */
export type CommandLineWorkstation = HostedWorkstation &
  Pick<
    Workstation,
    | 'grantFolder'
    | 'modelFolder'
    | 'openDemonstration'
    | 'inspectVideo'
    | 'extractFrame'
    | 'loadModelFolder'
    | 'askImage'
  >;
