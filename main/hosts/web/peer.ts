import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';

/**
 * The account whose program holds the other end of a connection on this machine, or null where the system doesn't tell:
 * only Linux does, in /proc/net/tcp, and not of programs in another network namespace.
 */
export async function peerAccount(socket: Socket): Promise<number | null> {
  const { remoteAddress, remotePort, localAddress, localPort } = socket;
  if (process.platform !== 'linux') return null;
  const from = inTable(remoteAddress, remotePort);
  const to = inTable(localAddress, localPort);
  if (from === null || to === null) return null;
  const table = await readFile('/proc/net/tcp', 'utf8').catch(() => '');
  for (const line of table.split('\n')) {
    // sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid ...
    const fields = line.trim().split(/\s+/);
    if (fields[1] === from && fields[2] === to) {
      const account = Number(fields[7]);
      return Number.isInteger(account) ? account : null;
    }
  }
  return null;
}

/** `127.0.0.1`, 8080 -> `0100007F:1F90`: the four bytes as a number of this (little-endian) machine. */
function inTable(address: string | undefined, port: number | undefined): string | null {
  const bytes = /^(?:::ffff:)?(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address ?? '')?.slice(1);
  if (!bytes || port === undefined) return null;
  const hexadecimal = (value: number, digits: number) =>
    value.toString(16).toUpperCase().padStart(digits, '0');
  const reversed = [...bytes].reverse().map((byte) => hexadecimal(Number(byte), 2));
  return `${reversed.join('')}:${hexadecimal(port, 4)}`;
}

/**
 * Whether a connection is another account's. The address that starts the browser stands in the browser's arguments, which
 * every account of the machine can read; only this account's own browser may use it. Root may read everything anyway.
 */
export async function isOtherAccounts(socket: Socket): Promise<boolean> {
  const own = process.getuid?.();
  const peer = await peerAccount(socket);
  return own !== undefined && peer !== null && peer !== own && peer !== 0;
}
