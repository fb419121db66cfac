import { ActorId, type Actor } from '../../preload/contract/context.ts';
import type { WritableDatabase } from './database.ts';
import { readSetting, writeSetting } from './settings.ts';

/**
 * The local profile of an account of this machine: the person who acts where nobody has said otherwise. Its id is made at the
 * account's first use of the data folder and stays.
 */
export function localActor(database: WritableDatabase, account: string, newId: () => string): Actor {
  return database.transaction(() => {
    const known = readSetting(database, 'localActors') ?? [];
    const found = known.find((actor) => actor.account === account);
    if (found !== undefined) return { id: found.id, kind: 'person', name: account };
    const id = ActorId.parse(newId());
    writeSetting(database, 'localActors', [...known, { id, account }]);
    return { id, kind: 'person', name: account };
  });
}
