import {
  mustFitAsSiteFile,
  noSiteSettings,
  siteFileText,
  toErrorReport,
  type Bridge,
  type Change,
  type ErrorReport,
  type SessionId,
  type SiteDifference,
  type SiteSettingsNow,
} from '../../preload/contract/index.ts';

/** A file of site settings that was chosen, and what importing it would change. */
export interface SiteImport {
  readonly name: string;
  readonly text: string;
  /** The hash of the settings that it was compared with. */
  readonly since: string | null;
  readonly differences: readonly SiteDifference[];
}

interface Parts {
  bridge: Pick<Bridge, 'getSiteSettings' | 'importSiteSettings'>;
  /** The session in which an import can be undone; null while none is open. */
  session: () => SessionId | null;
}

/** What the site agreed on, as every window has it. */
export class Site {
  now = $state.raw<SiteSettingsNow>({ settings: noSiteSettings, sha256: null });
  /** The file that is about to be imported. */
  chosen = $state.raw<SiteImport | null>(null);
  /** Why the last file was not taken. */
  fault = $state.raw<ErrorReport | null>(null);
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  get settings(): SiteSettingsNow['settings'] {
    return this.now.settings;
  }

  /** The text of a file with the present settings. */
  get text(): string {
    return siteFileText(this.settings);
  }

  async read(): Promise<void> {
    const read = await this.#parts.bridge.getSiteSettings({});
    if (read.ok) this.now = read.value;
  }

  /** Follows an import, or its undo, in whichever window. */
  told(changes: readonly Change[]): void {
    if (changes.some(({ edits }) => edits?.some(({ entity }) => entity === 'site'))) void this.read();
  }

  /** Reads a file and compares it with what is set; nothing is changed yet. */
  async choose(file: Pick<File, 'name' | 'size' | 'text'>): Promise<void> {
    this.leave();
    const text = await readText(file);
    if (typeof text !== 'string') {
      this.fault = text;
      return;
    }
    const looked = await this.#parts.bridge.importSiteSettings({ text, dryRun: true });
    if (!looked.ok) {
      this.fault = looked.error;
      return;
    }
    await this.read();
    const { differences } = looked.value;
    this.chosen = { name: file.name, text, since: this.now.sha256, differences };
  }

  /** Imports the chosen file. Returns whether it was taken. */
  async import(): Promise<boolean> {
    const { chosen } = this;
    if (chosen === null) return false;
    const { text, since } = chosen;
    const doneIn = this.#parts.session();
    const done = await this.#parts.bridge.importSiteSettings({
      ...{ text, since, dryRun: false },
      ...(doneIn !== null && { doneIn }),
    });
    this.chosen = null;
    this.fault = done.ok ? null : done.error;
    if (done.ok) await this.read();
    return done.ok;
  }

  leave(): void {
    this.chosen = null;
    this.fault = null;
  }
}

/** The text of a file, or why it is none that could hold site settings. */
async function readText(file: Pick<File, 'size' | 'text'>): Promise<string | ErrorReport> {
  try {
    mustFitAsSiteFile(file.size);
    return await file.text();
  } catch (error) {
    return toErrorReport(error);
  }
}
