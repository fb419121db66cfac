/** How people choose files: grants that stand for paths, a folder browser, dropped files and copies of them. */
export { digestOf, findDropped } from './dropped.ts';
export { FilesForWindows } from './files-for-windows.ts';
export {
  FolderBrowser,
  ownSurroundings,
  type Finding,
  type FolderMemory,
  type Surroundings,
} from './folder-browser.ts';
export { GrantRegistry, statFile, type Grant } from './grants.ts';
export { ImportedCopies } from './imported-copies.ts';
