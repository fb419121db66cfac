import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { resultOf } from '../../preload/contract/index.ts';
import { readPrivate, writePrivate } from './private-file.ts';
import { sign } from './web/challenges.ts';
import { sameSecret } from './web/security.ts';

/** Where the workstation that has a data folder open is reached, and by what another start on it is known. */
const Door = z.object({
  processId: z.int().positive(),
  port: z.int().min(1).max(65_535),
  secret: z.string().length(43),
});
export type Door = z.infer<typeof Door>;

const doorFile = (home: string): string => join(home, 'window.door');

/** Writes down, for this account alone, how this workstation is reached. Returns how to take that back. */
export function keepDoor(home: string, door: Door): () => void {
  try {
    writePrivate(doorFile(home), JSON.stringify(door));
  } catch {
    // Then a second start on this data folder is refused, as it was before; everything else goes on.
  }
  return () => rmSync(doorFile(home), { force: true });
}

/** Another window of the workstation that is running: open already, or to be opened at `address`, once. */
export interface AnotherWindow {
  readonly processId: number;
  readonly port: number;
  readonly address: string | null;
}

const Challenge = z.object({ challenge: z.string(), proof: z.string() });
const Invited = z.object({ address: z.string().nullable() });
/** A workstation that is busy still answers within this; one that hangs does not keep a person longer. */
const answerMilliseconds = 5000;

/**
 * Asks the workstation that has a data folder open for another window. Null where none has, or none answers.
 *
 * @param patience For how long to go on asking, in ms: one that is starting is not reached at once.
 * @param file The path of a file that the window is to open.
 */
export async function askForWindow(
  home: string,
  patience = 0,
  file: string | null = null,
): Promise<AnotherWindow | null> {
  const until = performance.now() + patience;
  for (;;) {
    const window = await askOnce(home, file);
    if (window !== null || performance.now() >= until) return window;
    await wait(200);
  }
}

async function askOnce(home: string, file: string | null): Promise<AnotherWindow | null> {
  const door = readDoor(home);
  if (door === null) return null;
  const nonce = randomUUID();
  const host = await post(door.port, '/api/knock', { nonce }, Challenge);
  // Whoever has the port now must not learn anything, and is not who wrote the file, unless it proves that it is.
  if (host === null || !sameSecret(host.proof, sign(door.secret, `host ${nonce} ${host.challenge}`)))
    return null;
  const answer = sign(door.secret, `start ${host.challenge}`);
  const wish = { challenge: host.challenge, answer, ...(file !== null && { file }) };
  const invited = await post(door.port, '/api/invite', wish, Invited);
  return invited && { processId: door.processId, port: door.port, address: invited.address };
}

/** Says to a person what came of a second start. */
export function anotherWindowInWords({ processId, address }: AnotherWindow): string[] {
  const running = `The workstation is running already with this data folder (process ${processId}).`;
  return address === null
    ? [running, 'It has opened another window. Both show the same: what is done in one is seen in the other.']
    : [
        running,
        `Another window of it is at ${address}`,
        'This address opens one window, on this machine only. Both show the same: what is done in one is seen in the other.',
      ];
}

function readDoor(home: string): Door | null {
  try {
    return Door.parse(JSON.parse(readPrivate(doorFile(home)) ?? 'null'));
  } catch {
    // Nobody has the folder open, or an older version has.
    return null;
  }
}

async function post<T>(port: number, path: string, body: object, schema: z.ZodType<T>): Promise<T | null> {
  const origin = `http://127.0.0.1:${port}`;
  try {
    const response = await fetch(origin + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(answerMilliseconds),
      redirect: 'error',
    });
    const result = resultOf(schema).safeParse(await response.json());
    return result.success && result.data.ok ? result.data.value : null;
  } catch {
    return null;
  }
}
