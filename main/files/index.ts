/** What a person picks: grants that stand for paths, a browser of folders, files that were dropped, copies of them. */
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
