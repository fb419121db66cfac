/** Names of the IPC channels between the bridge and the Electron host; nobody else uses them. */
export const channels = {
  call: 'workstation:call',
  grantDropped: 'workstation:grant-dropped',
  event: 'workstation:event',
} as const;
