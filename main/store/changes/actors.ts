import { Actor, ActorId } from '../../../preload/contract/context.ts';
import { statement, type ReadableDatabase, type WritableDatabase } from '../database.ts';
import { parseRow, parseRows } from '../rows.ts';

export const statements = {
  add: statement(
    'actors.add',
    `INSERT INTO actors (id, kind, name, account, created_at) VALUES (:id, :kind, :name, NULL, :at)
     ON CONFLICT (id) DO NOTHING`,
  ),
  addAccount: statement(
    'actors.addAccount',
    `INSERT INTO actors (id, kind, name, account, created_at) VALUES (:id, 'person', :account, :account, :at)
     ON CONFLICT (id) DO UPDATE SET name = excluded.name, account = excluded.account`,
  ),
  byAccount: statement('actors.byAccount', 'SELECT id, kind, name FROM actors WHERE account = :account'),
  list: statement('actors.list', 'SELECT id, kind, name FROM actors ORDER BY rowid'),
};

/** The workstation itself, which is the actor of what nobody asked it to do. */
export const workstationActor: Actor = {
  id: ActorId.parse('workstation'),
  kind: 'program',
  name: 'Surgery-R1 Workstation',
};

/** Adds an actor, which must come before its first change. An actor that is known stays as it is. */
export function addActor(database: WritableDatabase, { id, kind, name }: Actor, at: number): void {
  database.run(statements.add, { id, kind, name, at });
}

/** Makes sure that an actor is known. A person without a name is called by their id. */
export function introduce(database: WritableDatabase, id: ActorId, at: number): void {
  addActor(database, id === workstationActor.id ? workstationActor : { id, kind: 'person', name: id }, at);
}

/** Lists everyone who has acted or may act, in the order of their first appearance. */
export function listActors(database: ReadableDatabase): Actor[] {
  return parseRows(database, Actor, database.all(statements.list), 'actors');
}

/**
 * The person behind an account of the operating system, who is the actor unless somebody said otherwise. The id is made when
 * the account first uses the data folder, and stays.
 */
export function localActor(
  database: WritableDatabase,
  account: string,
  newId: () => string,
  at = Date.now(),
): Actor {
  return database.transaction(() => {
    const found = database.get(statements.byAccount, { account });
    if (found !== undefined) return parseRow(Actor, found, 'actors');
    const id = ActorId.parse(newId());
    database.run(statements.addAccount, { id, account, at });
    return { id, kind: 'person', name: account };
  });
}
