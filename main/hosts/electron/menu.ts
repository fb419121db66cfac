import { Menu, type MenuItemConstructorOptions } from 'electron';

/** What a desktop expects and no more; everything of the workstation's own is in its window. */
export function setMenu(developer: boolean): void {
  const view: MenuItemConstructorOptions[] = [
    { role: 'resetZoom' },
    { role: 'zoomIn' },
    { role: 'zoomOut' },
    { role: 'togglefullscreen' },
    ...(developer ? ([{ role: 'reload' }, { role: 'toggleDevTools' }] as const) : []),
  ];
  Menu.setApplicationMenu(
    Menu.buildFromTemplate([
      ...(process.platform === 'darwin' ? ([{ role: 'appMenu' }] as const) : []),
      { role: 'editMenu' },
      { label: 'View', submenu: view },
      { role: 'windowMenu' },
    ]),
  );
}
